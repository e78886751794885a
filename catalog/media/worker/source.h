// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace damfs::worker {

// The file a job is about: its descriptor, and its bytes as a read-only mapping. When somebody truncates it
// meanwhile, this process dies of SIGBUS, which the pool understands. Or bytes in memory, which have no descriptor.
class Source {
 public:
  explicit Source(int fd);  // borrowed; throws Error for what is no regular file
  explicit Source(std::span<const uint8_t> bytes) : fd_(-1), size_(bytes.size()), bytes_(bytes) {}  // borrowed
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // What stands there, as far as it goes: from the descriptor, so that a mapping need not be made, or from memory.
  size_t read(std::span<std::byte> buffer, uint64_t offset) const;
  int64_t size() const { return static_cast<int64_t>(size_); }
  // Mapped when first asked for.
  std::span<const uint8_t> bytes() const;
  // Those will be looked at, and what is around them need not be read from the disk.
  void expect(int64_t offset, int64_t size) const;

 private:
  int fd_;
  size_t size_;
  mutable void* map_ = nullptr;
  mutable bool is_at_random_ = false;
  mutable std::span<const uint8_t> bytes_;
};

}  // namespace damfs::worker
