// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/holes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>

#include "catalog/base/error.h"

namespace damfs {

std::optional<Extent> data_from(int fd, uint64_t from, uint64_t end) {
  const off_t begin = ::lseek(fd, static_cast<off_t>(from), SEEK_DATA);
  if (begin < 0 && errno == ENXIO) return std::nullopt;
  if (begin < 0) return from < end ? std::optional(Extent{from, end}) : std::nullopt;
  if (static_cast<uint64_t>(begin) >= end) return std::nullopt;
  const off_t hole = ::lseek(fd, begin, SEEK_HOLE);
  return Extent{static_cast<uint64_t>(begin), hole < 0 ? end : std::min(static_cast<uint64_t>(hole), end)};
}

uint64_t data_bytes(int fd, uint64_t size) {
  uint64_t bytes = 0;
  uint64_t at = 0;
  while (const auto extent = data_from(fd, at, size)) {
    bytes += extent->end - extent->begin;
    at = extent->end;
  }
  return bytes;
}

std::optional<uint64_t> seek_data(int fd, uint64_t from, uint64_t size) {
  if (from >= size) return std::nullopt;
  const auto extent = data_from(fd, from, size);
  return extent ? std::optional(extent->begin) : std::nullopt;
}

std::optional<uint64_t> seek_hole(int fd, uint64_t from, uint64_t size) {
  if (from >= size) return std::nullopt;
  const auto extent = data_from(fd, from, size);
  return extent && extent->begin == from ? extent->end : from;
}

void hash_range(Sha256& hash, int fd, uint64_t from, uint64_t end, const Path& path_for_messages) {
  // Behind a file there are no holes to be hashed.
  if (static_cast<uint64_t>(stat_fd(fd, path_for_messages).st_size) < end) {
    fail(EIO, "{} is shorter than it was", path_for_messages.string());
  }
  thread_local const auto buffer = std::make_unique<std::byte[]>(kBlock);
  while (from < end) {
    const Extent data = data_from(fd, from, end).value_or(Extent{end, end});
    hash.update_zeros(data.begin - from);
    for (from = data.begin; from < data.end;) {
      const std::span<std::byte> piece(buffer.get(), std::min<uint64_t>(kBlock, data.end - from));
      if (pread_some(fd, piece, from, path_for_messages) != piece.size()) {
        fail(EIO, "{} is shorter than it was", path_for_messages.string());
      }
      hash.update(piece);
      from += piece.size();
    }
  }
}

}  // namespace damfs
