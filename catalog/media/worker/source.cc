// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/source.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

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
  if (bytes_.empty()) {
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
    if (map == MAP_FAILED) throw_errno(errno, "cannot read the file");
    map_ = map;
    bytes_ = {static_cast<const uint8_t*>(map_), size_};
  }
  return bytes_;
}

size_t Source::read(std::span<std::byte> buffer, uint64_t offset) const {
  if (fd_ >= 0) return pread_some(fd_, buffer, offset, "the source");
  if (offset >= size_) return 0;
  const size_t some = std::min(buffer.size(), size_ - static_cast<size_t>(offset));
  std::memcpy(buffer.data(), bytes_.data() + offset, some);
  return some;
}

void Source::expect(int64_t offset, int64_t size) const {
  bytes();
  if (map_ == nullptr || size <= 0) return;
  // Without it every first touch of a page reads as much around it as the disk's settings say, and waits for that.
  if (!std::exchange(is_at_random_, true)) ::madvise(map_, size_, MADV_RANDOM);
  const auto page = static_cast<int64_t>(::sysconf(_SC_PAGESIZE));
  const int64_t begin = offset / page * page;
  const int64_t end = std::min(offset + size, static_cast<int64_t>(size_));
  ::madvise(static_cast<char*>(map_) + begin, static_cast<size_t>(end - begin), MADV_WILLNEED);
}

}  // namespace damfs::worker
