// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/failures.h"

#include <charconv>

#include "catalog/base/names.h"
#include "catalog/model/packs.h"
#include "catalog/model/read/details.h"
#include "views/derive/clip_layout.h"
#include "views/derive/still_profile.h"

namespace damfs {
namespace {

bool is_current(const DerivedKey& key) {
  return key.recipe == (clip_profile(key.profile) != nullptr ? kClipRecipe : kStillRecipe);
}

// Of a still that is not of a whole file, what Stills calls it by: "medium-member-12", "material-material-3".
std::optional<int64_t> number_in(std::string_view profile) {
  for (const std::string_view mark : {"-member-", "-material-"}) {
    const size_t at = profile.rfind(mark);
    if (at == profile.npos) continue;
    int64_t number = 0;
    const std::string_view digits = profile.substr(at + mark.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size()) return number;
  }
  return std::nullopt;
}

std::string path_inside(Reader& reader, int64_t asset, int64_t number) {
  PackReader packs(reader);
  const auto pack = packs.pack(asset);
  const auto member = pack ? packs.member(member_id(pack->blob, number)) : std::nullopt;
  return member ? packs.path(*member) : std::string();
}

}  // namespace

std::vector<FailedFile> failed_files(Reader& reader, DerivedCache& cache) {
  std::vector<FailedFile> files;
  for (auto& failure : cache.failures()) {
    if (!is_current(failure.key)) continue;
    FailedFile file{std::move(failure), {}, {}, false};
    const auto number = number_in(file.failure.key.profile);
    file.is_inside = number.has_value();
    file.assets = assets_of_bytes(reader, file.failure.key.source);
    for (const int64_t asset : file.assets) {
      for (const auto& [folder, name] : reader.folder_entries(asset)) {
        const std::string path = reader.group_path(Grouping::kFolder, folder);
        const std::string inside = number ? path_inside(reader, asset, *number) : std::string();
        file.paths.push_back(join_path(path, inside.empty() ? name : join_path(name, inside)));
      }
    }
    if (!file.assets.empty()) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace damfs
