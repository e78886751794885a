// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/proxies/stem_lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// Cut and with the asset's id, where the extension would make it too long.
std::string extended(std::string_view base, std::string_view extension, int64_t asset) {
  if (base.size() + extension.size() <= kMaxNameBytes) return fmt::format("{}{}", base, extension);
  const std::string tail = fmt::format("{}{}{}", kAssetMark, asset, extension);
  return portable_name(base, kMaxNameBytes - tail.size()) + tail;
}

std::string marked(std::string_view name, std::string_view extension, int64_t asset) {
  const std::string tail = fmt::format("{}{}{}", kAssetMark, asset, extension);
  return portable_name(name, kMaxNameBytes - tail.size()) + tail;
}

}  // namespace

std::string StemLens::shown_name(std::string_view name, int64_t asset, Siblings& siblings) const {
  const std::string_view stem = split_extension(name).stem;
  const auto rivals = siblings.with_stem(stem);
  const auto self = std::find_if(rivals.begin(), rivals.end(),
                                 [&](const FoundAsset& each) { return each.row.id == asset && each.name == name; });
  const std::string_view extension = self == rivals.end() ? extensions().front() : extension_of(self->row);
  // Several names may be one asset's, so the name decides between equal ids.
  const bool is_first = std::none_of(rivals.begin(), rivals.end(), [&](const FoundAsset& each) {
    return extension_of(each.row) == extension &&
           std::pair(each.row.id, std::string_view(each.name)) < std::pair(asset, name);
  });
  if (is_first) return extended(stem, extension, asset);
  const auto longer = siblings.with_stem(name);
  const bool taken = std::any_of(longer.begin(), longer.end(), [&](const FoundAsset& each) {
    return each.name != name && extension_of(each.row) == extension;
  });
  return taken ? marked(name, extension, asset) : extended(name, extension, asset);
}

std::vector<std::string> StemLens::possible_names(std::string_view name, int64_t asset) const {
  std::vector<std::string> names;
  for (const std::string_view extension : extensions()) {
    names.push_back(extended(split_extension(name).stem, extension, asset));
    names.push_back(extended(name, extension, asset));
    names.push_back(marked(name, extension, asset));
  }
  return names;
}

std::vector<FoundAsset> StemLens::sources(std::string_view shown, Siblings& siblings) const {
  std::vector<FoundAsset> found;
  for (const std::string_view extension : extensions()) {
    if (!shown.ends_with(extension)) continue;
    const std::string_view base = shown.substr(0, shown.size() - extension.size());
    for (FoundAsset& each : siblings.with_stem(base)) found.push_back(std::move(each));
    if (auto whole = siblings.named(base)) found.push_back(std::move(*whole));
  }
  return found;
}

std::vector<FoundAsset> StemLens::dependents(std::string_view name, Siblings& siblings) const {
  const std::string_view stem = split_extension(name).stem;
  std::vector<FoundAsset> found = siblings.with_stem(stem);
  if (auto whole = siblings.named(stem)) found.push_back(std::move(*whole));
  return found;
}

}  // namespace damfs
