// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/library/library.h"

// Whatever stands in damfs.toml, it is refused by an Error that names the file, or every setting is within its bounds.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  try {
    const Config config = Config::parse({reinterpret_cast<const char*>(data), size}, "damfs.toml");
    if (config.derived_max_bytes < 1 << 20 || config.media_workers > 1024 || config.media_ready_workers > 1024) {
      std::abort();
    }
    if (config.media_deadline_ms < 100 || config.media_deadline_ms > 3'600'000) std::abort();
    for (const PreviewSetting& preview : config.previews) {
      const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
      for (const char c : preview.name) {
        if (!is_plain(c)) std::abort();  // it becomes a folder's name
      }
      if (preview.box && (*preview.box < 16 || *preview.box > 16'383)) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != EINVAL || std::string_view(error.what()).find("damfs.toml") == std::string_view::npos) {
      std::abort();
    }
  }
  return 0;
}
