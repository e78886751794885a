// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "views/frame/branch.h"
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
    Prober* prober = nullptr;        // looks at what is written; null: nobody does
    int64_t changes_at_once = 8192;  // that news() reads of the feed
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

  // What the changes after `since` made stale, some thousands of them at once. Cheap when nothing changed. Of
  // directories only those that `is_known` (the kernel holds them) are reported. Asked by one thread alone.
  struct News {
    int64_t newest = 0;       // the change that these reach to
    bool is_part = false;     // there are more behind it: ask again at once
    bool everything = false;  // the feed no longer reaches back to `since`: drop all that is cached
    std::vector<Stale> stale;
  };
  News news(int64_t since, const std::function<bool(NodeId)>& is_known) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace damfs
