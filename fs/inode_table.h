// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "views/frame/node.h"

namespace damfs {

// The directories that the kernel holds, with how often it looked each up, so that they can be invalidated and their
// nodes need not be made again. Files have no entry: their number says everything, and forgetting them is free.
// Thread-safe.
class InodeTable {
 public:
  explicit InodeTable(const NodeSource& source) : source_(source) {}

  // The node with that number, whether the kernel learnt it from us or from a daemon before us; null: gone.
  NodeRef find(NodeId id);

  // The kernel looked `id` up once more. `node` may be null; it is found when it is needed. Files: nothing.
  void looked_up(NodeId id, NodeRef node);
  void looked_up(std::span<const NodeId> directories);
  void forget(NodeId id, uint64_t times);

  bool knows(NodeId id) const;  // the root always
  std::vector<NodeId> known() const;

 private:
  struct Entry {
    uint64_t lookups = 0;
    NodeRef node;
  };

  const NodeSource& source_;
  mutable std::mutex mutex_;  // never held while the source is asked
  std::unordered_map<NodeId, Entry> entries_;
};

}  // namespace damfs
