// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/failures.h"

#include <nlohmann/json.hpp>

#include "catalog/base/clock.h"
#include "catalog/base/names.h"
#include "catalog/model/details.h"
#include "views/derive/clip_layout.h"
#include "views/derive/still_profile.h"

namespace damfs {
namespace {

bool is_current(const DerivedKey& key) {
  return key.recipe == (clip_profile(key.profile) != nullptr ? kClipRecipe : kStillRecipe);
}

}  // namespace

std::vector<FailedFile> failed_files(Reader& reader, DerivedCache& cache) {
  std::vector<FailedFile> files;
  for (auto& failure : cache.failures()) {
    if (!is_current(failure.key)) continue;
    FailedFile file{std::move(failure), {}, {}};
    file.assets = assets_of_bytes(reader, file.failure.key.source);
    for (const int64_t asset : file.assets) {
      for (const auto& [folder, name] : reader.folder_entries(asset)) {
        const std::string path = reader.group_path(Grouping::kFolder, folder);
        file.paths.push_back(join_path(path, name));
      }
    }
    if (!file.assets.empty()) files.push_back(std::move(file));
  }
  return files;
}

nlohmann::ordered_json to_json(const FailedFile& file) {
  return {{"paths", file.paths},
          {"assets", file.assets},
          {"sha256", file.failure.key.source.hex()},
          {"profile", file.failure.key.profile},
          {"reason", file.failure.reason},
          {"at", local_time(file.failure.at_ns).text()}};
}

}  // namespace damfs
