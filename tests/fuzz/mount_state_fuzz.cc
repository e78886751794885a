// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "catalog/library/mount_state.h"

// Whatever stands in mount.json, it is no state, or names a process and an absolute path.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  const auto state = parse_mount_state({reinterpret_cast<const char*>(data), size});
  if (state && (state->pid <= 0 || !state->mountpoint.is_absolute())) std::abort();
  return 0;
}
