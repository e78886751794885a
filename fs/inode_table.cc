// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/inode_table.h"

#include <utility>

namespace damfs {

NodeRef InodeTable::find(NodeId id) {
  if (id == NodeId::root()) return source_.root();
  if (id.is_directory()) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.node) return found->second.node;
  }
  NodeRef node = source_.node(id);
  if (node && id.is_directory()) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end()) found->second.node = node;
  }
  return node;
}

void InodeTable::looked_up(NodeId id, NodeRef node) {
  if (!id.is_directory() || id == NodeId::root()) return;
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[id];
  ++entry.lookups;
  if (node) entry.node = std::move(node);
}

void InodeTable::looked_up(std::span<const NodeId> directories) {
  if (directories.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const NodeId id : directories) ++entries_[id].lookups;
}

void InodeTable::forget(NodeId id, uint64_t times) {
  if (!id.is_directory()) return;
  NodeRef last;  // destroyed after the lock is gone
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (found->second.lookups > times) {
    found->second.lookups -= times;
  } else {
    last = std::move(found->second.node);
    entries_.erase(found);
  }
}

bool InodeTable::knows(NodeId id) const {
  if (id == NodeId::root()) return true;
  const std::lock_guard lock(mutex_);
  return entries_.contains(id);
}

std::vector<NodeId> InodeTable::known() const {
  std::vector<NodeId> ids{NodeId::root()};
  const std::lock_guard lock(mutex_);
  ids.reserve(entries_.size() + 1);
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

}  // namespace damfs
