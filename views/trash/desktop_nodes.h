// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

#include "views/frame/branch.h"

namespace damfs {

// .Trash-<uid>/{files,info} at the root of the mount: trash/ in the form of the freedesktop.org Trash specification, as
// whoever has that uid looks for it.
//
//   files/     what of trash/ that one removed; what is moved here out of originals/ goes to the trash, and out of here
//              it is restored. What is moved here out of a tag, an album or a rating is taken out of that, and stands
//              here as long as the mount lasts, for whoever moves it back (taken_out.h)
//   info/      a .trashinfo for each of them, made up, and what desktops write there beforehand
//   expunged/  where gvfs moves what it is about to delete for good
class DesktopTrashBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId id) const override;
  NodeRef node(NodeId id) const override;
  bool shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const override;
  NodeRef unlisted(std::string_view name) const override;
  void add_stale(const Changes& changes, const StaleNodes& nodes) const override;
  void add_stale_unchanged(const StaleNodes& nodes) const override;
  void add_all_stale(const StaleNodes& nodes) const override;

 private:
  NodeRef file(NodeId id) const;
};

}  // namespace damfs
