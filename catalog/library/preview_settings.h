// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/media/job.h"

namespace damfs {

// [preview.NAME] in damfs.toml: a kind of preview besides the built-in ones, or a change to one of those. What is
// absent has a default.
struct PreviewSetting {
  std::string name;               // [a-z0-9-]+
  std::optional<int64_t> box;     // pixels on the long edge, at the most
  std::optional<int64_t> budget;  // bytes, for a source that fills the box; a multiple of 4096
  std::optional<StillFormat> format;
  std::optional<int> quality;  // 1..100
};

inline constexpr const char* kBuiltInPreviews[] = {"small", "medium", "large", "material"};

}  // namespace damfs
