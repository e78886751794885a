// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/view.h"

namespace damfs {

std::optional<GroupRow> View::folder(Reader& reader, int64_t key) const {
  const Group group = group_of(key);
  auto row = reader.group(group.grouping, group.key);
  if (!row) return std::nullopt;
  row->key = key;
  // The three stored trees have their top at 1 where a view has it at 0.
  row->parent = key_of({group.grouping, row->parent}).value_or(0);
  return row;
}

std::optional<GroupRow> View::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  const Group group = group_of(key);
  return reader.find_group(group.grouping, group.key, name);
}

void View::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  const Group group = group_of(key);
  reader.groups(group.grouping, group.key, after, visit);
}

std::optional<FoundAsset> View::find_asset(Reader& reader, int64_t key, std::string_view name) const {
  const Group group = group_of(key);
  return reader.find_asset(group.grouping, group.key, name);
}

std::vector<FoundAsset> View::assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const {
  const Group group = group_of(key);
  return reader.assets_with_stem(group.grouping, group.key, stem);
}

void View::assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const {
  const Group group = group_of(key);
  reader.assets(group.grouping, group.key, after, visit);
}

}  // namespace damfs
