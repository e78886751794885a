// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "views/frame/tree_context.h"

namespace damfs {

// .Trash-<uid>/{files,info} at the root of the mount: trash/ in the form of the freedesktop.org Trash specification, as
// whoever has that uid looks for it.
//
//   files/     what of trash/ that one removed; what is moved here out of originals/ goes to the trash, and out of here
//              it is restored. What is moved here out of a tag, an album or a rating is taken out of that, and stands
//              here as long as the mount lasts, for whoever moves it back (taken_out.h)
//   info/      a .trashinfo for each of them, made up, and what desktops write there beforehand
//   expunged/  where gvfs moves what it is about to delete for good

// Null: `name` is not of that form, or the number is no folder or file of it.
NodeRef find_desktop_trash(const TreeContext& context, std::string_view name);
NodeRef desktop_trash_folder(const TreeContext& context, NodeId id);
NodeRef desktop_trash_file(const TreeContext& context, NodeId id);

// Adds what the changes make stale in those that the kernel holds.
void add_stale_desktop_trash(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                             const std::vector<ChangeRow>& changes, std::vector<Stale>& stale);
// Marks all of them as stale.
void add_all_desktop_trash(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                           std::vector<Stale>& stale);

}  // namespace damfs
