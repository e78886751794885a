// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/texture_map.h"
#include "catalog/media/worker/archive/zip_archive.h"
#include "catalog/media/worker/probe/probe.h"

namespace damfs::worker {

void probe_zip(const Source& source, MediaFacts& facts) {
  ZipArchive archive(source.bytes());
  facts.is_archive = true;
  std::vector<std::string> paths;
  for (size_t i = 0; i < std::min(archive.size(), kMaxMembers); ++i) paths.push_back(archive.path(i).value_or(""));
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  const auto maps = texture_maps(views);
  const bool has_map = std::any_of(maps.begin(), maps.end(), [](const auto& map) { return map.has_value(); });
  if (has_map) facts.kind = Kind::kTexturePack;
}

void probe_self_extracting(const Source& source, MediaFacts& facts) {
  if (!ends_like_an_archive(source.bytes())) return;
  try {
    probe_zip(source, facts);
  } catch (const Error&) {
    // It only looked like one.
  }
}

}  // namespace damfs::worker
