// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/versions/versions_view.h"

#include <charconv>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// 3 of "v003.jpg"; 0: it is no such name.
int64_t number_in_name(std::string_view name) {
  int64_t number = 0;
  if (name.starts_with('v')) std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return number;
}

}  // namespace

VersionsView::VersionsView() : View(ViewCode::kVersions, "versions", Grouping::kVersions) {}

std::optional<GroupRow> VersionsView::folder(Reader& reader, int64_t key) const {
  GroupRow row;
  if (key == 0) {
    row.changed_ns = reader.group(Grouping::kVersions, 0)->changed_ns;
    return row;
  }
  const auto asset = reader.asset(key);
  if (!asset || asset->row.state != AssetState::kLive) return std::nullopt;
  row.key = key;
  row.name = asset->name;
  row.changed_ns = asset->row.changed_ns;
  return row;
}

std::optional<GroupRow> VersionsView::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  const auto asset = key == 0 ? reader.labelled(name) : std::nullopt;
  return asset ? folder(reader, asset->row.id) : std::nullopt;
}

void VersionsView::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  if (key == 0) reader.versioned(after, visit);
}

std::optional<FoundAsset> VersionsView::find_asset(Reader& reader, int64_t key, std::string_view name) const {
  const int64_t number = number_in_name(name);
  auto found = key != 0 && number > 0 ? reader.version_numbered(key, number) : std::nullopt;
  if (!found || version_name(number, found->name) != name) return std::nullopt;
  found->name = name;
  return found;
}

std::vector<FoundAsset> VersionsView::assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const {
  const auto row = key != 0 ? reader.asset(key) : std::nullopt;
  auto found = row ? find_asset(reader, key, version_name(number_in_name(stem), row->name)) : std::nullopt;
  if (!found || split_extension(found->name).stem != stem) return {};
  return {std::move(*found)};
}

void VersionsView::assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const {
  if (key == 0) return;
  reader.versions(key, after, [&](const AssetRow& version) {
    AssetRow row = version;
    const std::string name = version_name(row.cursor, version.name);
    row.name = name;
    return visit(row);
  });
}

void VersionsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  const auto number = reader.listed_number(asset.row.version);
  const auto row = number ? reader.asset(asset.row.id) : std::nullopt;
  if (row) visit(asset.row.id, version_name(*number, row->name));
}

}  // namespace damfs
