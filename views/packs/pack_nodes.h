// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "catalog/model/rows.h"
#include "views/derive/still_profile.h"
#include "views/frame/node.h"
#include "views/frame/tree.h"
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

NodeRef make_packs_folder(const TreeContext& context, const StillProfile* profile = nullptr);
NodeRef packs_folder(const TreeContext& context, NodeId id);  // null: gone
NodeRef packs_file(const TreeContext& context, NodeId id);
NodeRef packs_collage(const TreeContext& context, NodeId id);

// Adds what these changes make stale.
void add_stale_packs(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                     const std::vector<ChangeRow>& changes, std::vector<Stale>& stale);

}  // namespace damfs
