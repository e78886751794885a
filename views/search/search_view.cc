// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/search/search_view.h"

namespace damfs {

SearchView::SearchView() : View(ViewCode::kSearch, "search", Grouping::kAll) {}

View::Place SearchView::above(const GroupRow& row) const {
  const auto folder = folders_.find(row.key);
  return folder ? folder->above : View::above(row);
}

std::optional<GroupRow> SearchView::folder(Reader& reader, int64_t key) const {
  GroupRow row;
  row.key = key;
  if (key == 0) return row;
  const auto folder = folders_.find(key);
  if (!folder) return std::nullopt;
  row.name = folder->name;
  // Whatever changed may have changed what is found; a '+' holds nothing that could.
  if (!folder->joins) row.changed_ns = reader.newest_change_ns();
  return row;
}

std::optional<GroupRow> SearchView::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  (void)reader, (void)key, (void)name;
  return std::nullopt;
}

void SearchView::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  (void)reader, (void)key, (void)after, (void)visit;
}

QueryFolderRef SearchView::holder(int64_t key) const {
  auto folder = folders_.find(key);
  return folder && folder->joins ? nullptr : folder;
}

QueryMembers SearchView::members(const QueryFolder& folder) const {
  return {folder.criteria, pages_, static_cast<uint64_t>(folder.key)};
}

std::optional<FoundAsset> SearchView::find_asset(Reader& reader, int64_t key, std::string_view name) const {
  const auto folder = holder(key);
  return folder ? members(*folder).find(reader, name) : std::nullopt;
}

std::vector<FoundAsset> SearchView::assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const {
  const auto folder = holder(key);
  return folder ? members(*folder).with_stem(reader, stem) : std::vector<FoundAsset>();
}

void SearchView::assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const {
  if (const auto folder = holder(key)) members(*folder).list(reader, after, visit);
}

// They are not counted: an asset is in as many searches as somebody can think of.
void SearchView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  (void)reader, (void)asset, (void)visit;
}

void SearchView::names_in(Reader& reader, int64_t key, const FoundAsset& asset, const NameVisitor& visit) const {
  const auto folder = holder(key);
  if (folder && members(*folder).has(reader, asset)) visit(key, asset.name);
}

}  // namespace damfs
