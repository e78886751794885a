// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace damfs {

// What the kernel can ask for, in the words of FUSE.
enum class Op : uint8_t {
  kLookup,
  kForget,
  kGetattr,
  kOpen,
  kRead,
  kFlush,
  kRelease,
  kOpendir,
  kReaddir,
  kReaddirplus,
  kReleasedir,
  kReadlink,
  kStatfs,
  kGetxattr,
  kListxattr,
  kSetattr,
  kCreate,
  kMknod,
  kWrite,
  kFallocate,
  kCopyFileRange,
  kLseek,
  kFsync,
  kFsyncdir,
  kMkdir,
  kUnlink,
  kRmdir,
  kSymlink,
  kRename,
  kLink,
  kSetxattr,
  kRemovexattr,
};
inline constexpr size_t kOpCount = static_cast<size_t>(Op::kRemovexattr) + 1;
std::string_view op_name(Op op);  // "lookup"

// What one mount was asked and how it answered. Thread-safe; outlives the session that counts into it.
class Stats {
 public:
  void count_request(Op op) noexcept { add(requests_[static_cast<size_t>(op)]); }
  void count_error(int code) noexcept;  // an errno as answered
  void count_late_reply() noexcept { add(late_replies_); }
  void count_cancelled() noexcept { add(cancelled_); }

  void set_passthrough(std::string state);

  uint64_t requests(Op op) const noexcept { return get(requests_[static_cast<size_t>(op)]); }
  uint64_t requests() const noexcept;
  uint64_t errors() const noexcept { return get(errors_); }        // all but "no such name" and "no such attribute"
  uint64_t io_errors() const noexcept { return get(io_errors_); }  // EIO alone
  uint64_t late_replies() const noexcept { return get(late_replies_); }  // reads answered by another thread than asked
  uint64_t cancelled() const noexcept { return get(cancelled_); }        // reads whose reader went away
  // Whether the kernel reads originals by itself, past this process: "true", or the reason why not.
  std::string passthrough() const;

 private:
  using Counter = std::atomic<uint64_t>;
  static void add(Counter& counter) noexcept { counter.fetch_add(1, std::memory_order_relaxed); }
  static uint64_t get(const Counter& counter) noexcept { return counter.load(std::memory_order_relaxed); }

  std::array<Counter, kOpCount> requests_{};
  Counter errors_{0};
  Counter io_errors_{0};
  Counter late_replies_{0};
  Counter cancelled_{0};
  mutable std::mutex mutex_;
  std::string passthrough_ = "nothing is mounted";  // guarded by mutex_
};

// Memory of this process that is really in RAM, in bytes; 0 when /proc does not say.
uint64_t resident_bytes();

}  // namespace damfs
