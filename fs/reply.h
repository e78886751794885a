// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fuse_lowlevel.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "fs/stats.h"

namespace damfs {

// The one answer to one request of the kernel. Whoever holds it owes the answer: destroyed unanswered it says
// EIO, and a second answer is impossible, for the first one empties it. Not thread-safe; may cross threads.
class Reply {
 public:
  Reply(fuse_req_t request, Stats& stats) noexcept : request_(request), stats_(&stats) {}
  Reply(Reply&& other) noexcept : request_(std::exchange(other.request_, nullptr)), stats_(other.stats_) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  bool is_owed() const noexcept { return request_ != nullptr; }
  // Valid only while the answer is owed.
  fuse_req_t request() const noexcept { return request_; }
  // The thread that asks; 0 when it is outside of this mount's process namespace.
  pid_t asker() const noexcept { return fuse_req_ctx(request_)->pid; }

  void ok();             // done, nothing to say
  void error(int code);  // an errno
  void none();           // for what the kernel wants no answer to

  // False: the kernel stopped waiting, so it neither counted the entry as looked up nor took the handle.
  [[nodiscard]] bool entry(const fuse_entry_param& entry);
  [[nodiscard]] bool open(const fuse_file_info& file);
  // The kernel reads it from this backing file. Of `file` only the handle and noflush may be said with it.
  [[nodiscard]] bool open(const fuse_file_info& file, int backing_id);
  [[nodiscard]] bool create(const fuse_entry_param& entry, const fuse_file_info& file);
  [[nodiscard]] bool entries(std::span<const char> packed);

  void attr(const struct stat& attributes, double timeout);
  void bytes(std::span<const std::byte> data);
  void slice(int fd, uint64_t offset, size_t size);
  void written(size_t size);
  void offset(uint64_t offset);
  void xattr_size(size_t size);
  void link_target(const std::string& target);
  void statfs(const struct statvfs& volume);

 private:
  bool mapped(int fd, uint64_t offset, size_t size);  // false: it cannot be mapped
  fuse_req_t take() noexcept { return std::exchange(request_, nullptr); }

  fuse_req_t request_;
  Stats* stats_;
};

}  // namespace damfs
