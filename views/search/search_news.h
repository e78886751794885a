// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/branch.h"

namespace damfs {

// Has no nodes of its own: it tells what becomes stale in folders that a query fills, SearchView's and smart albums. A
// folder that has not been used for long is told of too: once the kernel drops it, it is freed here as well.
class SearchBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId) const override { return false; }
  NodeRef node(NodeId) const override { return nullptr; }
  bool shows(const Reach&, const Node&, const Asker&, Wanted) const override { return false; }
  void add_stale(const Changes& changes, const StaleNodes& nodes) const override;
  void add_stale_unchanged(const StaleNodes& nodes) const override;
};

}  // namespace damfs
