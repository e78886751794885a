// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/source.h"

#include <sys/mman.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/file.h"

namespace damfs::worker {

Source::Source(int fd) : fd_(fd), size_(0) {
  const struct stat st = stat_fd(fd, "the source");
  if (!S_ISREG(st.st_mode)) fail(EINVAL, "not a regular file");
  size_ = static_cast<size_t>(st.st_size);
}

Source::~Source() {
  if (map_ != nullptr) ::munmap(map_, size_);
}

std::span<const uint8_t> Source::bytes() const {
  if (size_ == 0) return {};
  if (map_ == nullptr) {
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
    if (map == MAP_FAILED) throw_errno(errno, "cannot read the file");
    map_ = map;
  }
  return {static_cast<const uint8_t*>(map_), size_};
}

}  // namespace damfs::worker
