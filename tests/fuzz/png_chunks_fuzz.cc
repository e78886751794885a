// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "catalog/media/worker/metadata/png_chunks.h"

// Whatever the chunks say, a gamma is a number that there can be.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto found = damfs::worker::png_chunks({data, size});
  if (found.gamma < 0 || found.gamma > 42'950 || (!found.is_png && found.gamma > 0)) std::abort();
  return 0;
}
