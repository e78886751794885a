// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/branch.h"

namespace damfs {

// The views (view.h) through all lenses: their folders, the assets in them or what is made of those, the collages of
// folders, and files that are being written.
class ViewsBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId id) const override;
  NodeRef node(NodeId id) const override;
  bool shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const override;
  std::vector<Entry> entries(const Lens& through) const override;
  void add_stale(const Changes& changes, const StaleNodes& nodes) const override;
  void add_stale_unchanged(const StaleNodes& nodes) const override;

 private:
  NodeRef folder(NodeId id) const;
  NodeRef being_written(NodeId id) const;
  bool shows_file(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const;
};

// Marks the listing of a view's folder as stale, with all that is made of it.
void add_stale_listing(const TreeContext& context, NodeId folder, std::vector<Stale>& stale);

}  // namespace damfs
