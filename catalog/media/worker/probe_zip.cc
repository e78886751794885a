// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/texture_map.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/zip_archive.h"

namespace damfs::worker {
namespace {

bool is_map(std::string_view path) {
  const size_t slash = path.rfind('/');
  return texture_map(slash == path.npos ? path : path.substr(slash + 1)).has_value();
}

}  // namespace

void probe_zip(const Source& source, MediaFacts& facts) {
  ZipArchive archive(source.bytes());
  facts.is_archive = true;
  for (size_t i = 0; i < std::min(archive.size(), kMaxMembers); ++i) {
    const auto path = archive.path(i);
    if (path && is_map(*path)) {
      facts.kind = Kind::kTexturePack;
      return;
    }
  }
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
