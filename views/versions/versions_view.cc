// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/versions/versions_view.h"

#include <fmt/format.h>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// "v003.jpg" of the third state of an asset labelled "a.jpg".
std::string version_name(size_t number, std::string_view label) {
  return fmt::format("v{:03}{}", number, split_extension(label).extension);
}

std::string label_of(Reader& reader, int64_t asset) {
  const auto row = reader.asset(asset);
  return row ? row->name : std::string();
}

}  // namespace

VersionsView::VersionsView() : View(kCode, "versions") {}

std::optional<int64_t> VersionsView::key_of(Group group) const {
  if (group.grouping != Grouping::kVersions) return std::nullopt;
  return group.key;
}

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
  std::optional<FoundAsset> found;
  assets(reader, key, 0, [&](const AssetRow& row) {
    if (row.name != name) return true;
    found = FoundAsset{row, std::string(name)};
    found->row.name = {};
    return false;
  });
  return found;
}

std::vector<FoundAsset> VersionsView::assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const {
  std::vector<FoundAsset> found;
  assets(reader, key, 0, [&](const AssetRow& row) {
    if (split_extension(row.name).stem != stem) return true;
    found.push_back({row, std::string(row.name)});
    found.back().row.name = {};
    return true;
  });
  return found;
}

void VersionsView::assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const {
  if (key == 0) return;
  const std::string label = label_of(reader, key);
  const std::vector<int64_t> versions = reader.versions(key);
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i] <= after) continue;
    auto version = reader.version(versions[i]);
    if (!version) continue;
    const std::string name = version_name(i + 1, label);
    version->row.cursor = versions[i];
    version->row.name = name;
    if (!visit(version->row)) return;
  }
}

void VersionsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  const std::vector<int64_t> versions = reader.versions(asset.row.id);
  if (versions.size() < 2) return;  // there is no folder of it that anybody was shown
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i] == asset.row.version) visit(asset.row.id, version_name(i + 1, label_of(reader, asset.row.id)));
  }
}

}  // namespace damfs
