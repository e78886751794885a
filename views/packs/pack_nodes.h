// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "views/derive/still_profile.h"
#include "views/frame/branch.h"
#include "views/frame/tree_context.h"

namespace damfs {

// packs/: what is inside archives, as folders. Its members are no assets, so it is no View.
//
//   packs/<pack>/…                     the archive's own folders
//   packs/by-map/<role>/<pack>.<ext>   a texture of each pack
//   packs/by-material/<material>/<role>.<ext>
//
// previews/<profile>/packs/ is the same tree with a still of each member that is a picture, but for
// previews/material/packs/, which has a ball of each material.
inline constexpr std::string_view kPacksName = "packs";

class PacksBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId id) const override;
  NodeRef node(NodeId id) const override;
  bool shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const override;
  std::vector<Entry> entries(const Lens& through) const override;
  void add_stale(const Changes& changes, const StaleNodes& nodes) const override;

 private:
  NodeRef member(NodeId id) const;
  bool shows_folder(const Reach& reach, NodeId id, const Asker& asker) const;
  bool shows_member(const Reach& reach, NodeId id, const Asker& asker, Wanted wanted) const;
};

NodeRef packs_folder(const TreeContext& context, NodeId id);  // null: gone
NodeRef packs_collage(const TreeContext& context, NodeId id);

}  // namespace damfs
