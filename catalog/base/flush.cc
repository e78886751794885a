// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/flush.h"

#include <unistd.h>

#include <cerrno>

namespace damfs {
namespace {

int until_done(int (*call)(int), int file) noexcept {
  while (call(file) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

int flush(int file) noexcept { return until_done(&::fsync, file); }
int flush_data(int file) noexcept { return until_done(&::fdatasync, file); }
int flush_file_system(int file) noexcept { return until_done(&::syncfs, file); }

}  // namespace damfs
