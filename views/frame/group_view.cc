// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/group_view.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "views/frame/filing.h"

namespace damfs {

View::Group GroupView::group_for_assets(int64_t key) const {
  if (key == 0) fail(EPERM, "{}/ holds folders; make one, and put files into that", name());
  return group_of(key);
}

View::Sealed GroupView::seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const {
  const Group group = group_for_assets(key);
  const int64_t asset = file_into_group(writer, *this, file, key, name);
  writer.add_member(group.grouping, asset, group.key);
  return {asset, writer.current_version(asset) == file.version && writer.label_of(asset) == name};
}

void GroupView::add(Writer& writer, int64_t key, std::string_view, int64_t asset) const {
  const Group group = group_for_assets(key);
  writer.add_member(group.grouping, asset, group.key);
}

void GroupView::remove(Writer& writer, const Actor&, int64_t key, const FoundAsset& asset) const {
  const Group group = group_of(key);
  writer.remove_member(group.grouping, asset.row.id, group.key);
}

void GroupView::remove_all(Writer& writer, int64_t key) const {
  const Group group = group_for_assets(key);
  writer.delete_group(group.grouping, group.key);
}

bool GroupView::move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
                     std::string_view to, const std::optional<FoundAsset>&) const {
  if (key == to_key && nfc(to) != asset.name) {
    fail(EPERM, "{} is called so in all of {}/; rename it in originals/", asset.name, name());
  }
  const Group group = group_for_assets(to_key);
  writer.add_member(group.grouping, asset.row.id, group.key);
  if (key != to_key) remove(writer, actor, key, asset);
  return to == asset.name;
}

}  // namespace damfs
