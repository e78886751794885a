// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/derived/derived_cache.h"
#include "catalog/model/read/reader.h"

namespace damfs {

// A derived file that could not be made and is not tried again by itself.
struct FailedFile {
  DerivedCache::Failure failure;
  std::vector<int64_t> assets;     // that have these bytes, at least one
  std::vector<std::string> paths;  // theirs, below originals/; of what is inside an archive, with its path there
  bool is_inside = false;          // of an archive
};

// The newest first. Of bytes that no asset has any more, and of former recipes, nothing is said.
std::vector<FailedFile> failed_files(Reader& reader, DerivedCache& cache);

}  // namespace damfs
