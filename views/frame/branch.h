// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/rows.h"
#include "views/frame/node.h"

namespace damfs {

class Lens;
class Reach;
struct TreeContext;

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

// Gathers what is to be invalidated.
struct StaleNodes {
  const std::function<bool(NodeId)>& is_known;  // whether the kernel holds that directory: others need not be told
  std::vector<Stale>& stale;
};

// What the catalog's feed tells, or a part of it: then a transaction's changes may go on before or behind it.
struct Changes {
  std::span<const ChangeRow> rows;
  bool is_part = false;
};

// A part of the mounted tree whose nodes are of its own kind. The root, the folders of lenses, the finding of nodes by
// number, rights and invalidation ask every branch (registry.cc) and know none of them. Thread-safe.
class Branch {
 public:
  explicit Branch(const TreeContext& context) : context_(context) {}
  virtual ~Branch() = default;
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;

  // Every number is one branch's at most, whether or not there is such a node.
  virtual bool owns(NodeId id) const = 0;
  // Null: it is gone, or that number was never handed out. Of `id` that it owns, here and below.
  virtual NodeRef node(NodeId id) const = 0;
  virtual bool shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const = 0;

  // Its folders beside those of other branches: in the root, where `through` is the lens that shows originals, or in
  // previews/<profile>/ and proxies/<profile>/.
  struct Entry {
    std::string name;
    std::function<NodeRef()> node;
  };
  virtual std::vector<Entry> entries(const Lens& through) const {
    (void)through;
    return {};
  }
  // What the root has by that name without listing it. Null: nothing.
  virtual NodeRef unlisted(std::string_view name) const {
    (void)name;
    return nullptr;
  }

  // Adds what these changes of the catalog make stale.
  virtual void add_stale(const Changes& changes, const StaleNodes& nodes) const { (void)changes, (void)nodes; }
  // Likewise what became stale without one. Asked by one thread alone.
  virtual void add_stale_unchanged(const StaleNodes& nodes) const { (void)nodes; }
  // Changes were missed: what that leaves stale besides what can be listed.
  virtual void add_all_stale(const StaleNodes& nodes) const { (void)nodes; }

 protected:
  const TreeContext& context_;
};

// In the order in which the mount lists what they have.
std::vector<std::unique_ptr<Branch>> make_branches(const TreeContext& context);

}  // namespace damfs
