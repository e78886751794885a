// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace damfs::worker {

// The file a job is about: its descriptor, and its bytes as a read-only mapping. When somebody truncates it
// meanwhile, this process dies of SIGBUS, which the pool understands.
class Source {
 public:
  explicit Source(int fd);  // borrowed; throws Error for what is no regular file
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  int fd() const { return fd_; }
  int64_t size() const { return static_cast<int64_t>(size_); }
  // Mapped when first asked for.
  std::span<const uint8_t> bytes() const;

 private:
  int fd_;
  size_t size_;
  mutable void* map_ = nullptr;
};

}  // namespace damfs::worker
