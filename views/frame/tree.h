// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "views/frame/node.h"

namespace damfs {

class Catalog;
class Clips;
class Members;
class ObjectStore;
class Places;
class Prober;
class Stills;

// A file of .damfs/: what `content` gives when it is opened, cut or filled with spaces and a last newline to
// exactly `size` bytes (law 2 holds even here).
struct ControlFile {
  std::string name;
  size_t size = 4096;
  std::function<std::string()> content;
};

// One thing that the kernel may have cached and that no longer holds.
struct Stale {
  enum class What {
    kEntry,       // the name `name` in directory `node`: appeared, vanished or points elsewhere
    kAttributes,  // the attributes of `node` (a file or a directory)
    kListing,     // the cached listing and attributes of directory `node`
    kBytes,       // the cached bytes and attributes of file `node`
  };
  What what;
  NodeId node;
  std::string name;
};

// The whole mounted tree: finds nodes by name and by number, and says what the catalog's changes make stale.
// Thread-safe.
class Tree : public NodeSource {
 public:
  struct Options {
    Catalog& catalog;
    ObjectStore& objects;
    Places& places;
    Stills& stills;
    Clips& clips;
    Members& members;
    std::vector<ControlFile> control_files;
    Prober* prober = nullptr;  // looks at what is written; null: nobody does
  };

  explicit Tree(Options options);
  ~Tree() override;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  NodeRef root() const override;
  NodeRef node(NodeId id) const override;
  std::string path_of(NodeId directory) const override;
  void sync(Done done) const override;
  bool shows(const Node& node, const Asker& asker, Wanted wanted) const override;
  void refused(const std::string& reason) const override;

  // The newest change of the catalog's feed: where a new mount starts to watch.
  int64_t newest_change() const;

  // Calls `each` for everything that changes after `since` made stale; returns the newest change seen. Cheap
  // when nothing changed. Of directories only those that `is_known` (the kernel holds them) are reported.
  // When the feed no longer reaches back to `since`, reports the listing of every known directory through
  // `everything` being true.
  struct News {
    int64_t newest = 0;
    bool everything = false;  // too much was missed: drop all that is cached
    std::vector<Stale> stale;
  };
  News news(int64_t since, const std::function<bool(NodeId)>& is_known) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace damfs
