// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "catalog/base/now.h"
#include "catalog/places/place.h"

namespace damfs {

// Reads a blob that comes in ranges. Whatever the place does with a question — answers it late, in pieces, with too
// much or nothing, twice, after it was cancelled, or never — each read is answered once: with all of its bytes, or with
// EIO, at the latest when its time is up. Why is logged. The bytes themselves are not proved: reads do not hash (law
// 8). Thread-safe; answers are given with no lock held.
class RangeReader : public std::enable_shared_from_this<RangeReader> {
 public:
  using Got = Ranges::Got;  // told once: EIO, or 0 and all of the bytes
  using Key = const void*;  // names a read that is not answered yet, for who cancels it

  // `what` is for messages. A read's time is up after `patience`, once somebody calls expire().
  RangeReader(std::shared_ptr<Ranges> ranges, std::string what, std::chrono::milliseconds patience);
  ~RangeReader();  // what waits still is answered
  RangeReader(const RangeReader&) = delete;
  RangeReader& operator=(const RangeReader&) = delete;

  uint64_t size() const { return size_; }
  // EIO for what lies beyond the blob's end.
  void read(Key key, uint64_t offset, size_t size, Got got);
  // True: it was not answered, and will not be.
  bool cancel(Key key);
  // The same, waiting for it; throws Error(EIO). Not for a thread of a place.
  std::vector<std::byte> wait(uint64_t offset, size_t size);

  void expire(Clock::time_point now);
  // All reads fail, those to come too, and the place is let go of.
  void end();

 private:
  static constexpr int kMostPieces = 256;  // of one read: they may be answered on one stack

  struct Pending {
    Key key = nullptr;
    uint64_t offset = 0;
    size_t size = 0;
    Clock::time_point until;
    Got got;
    std::vector<std::byte> bytes{};  // the pieces so far
    int pieces = 0;
  };
  void ask(uint64_t number, uint64_t offset, size_t size);
  void take(uint64_t number, int error, std::span<const std::byte> bytes);
  void fail(const Pending& pending, std::string_view reason) const;

  const uint64_t size_;
  const std::string what_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::shared_ptr<Ranges> ranges_;  // null: it was ended
  uint64_t last_ = 0;
  std::map<uint64_t, Pending> pending_;  // by the number that the place was asked with
};
using RangeReaderRef = std::shared_ptr<RangeReader>;

// Tells readers that their time is up. Its thread starts with the first of them.
class RangeWatch {
 public:
  explicit RangeWatch(std::chrono::milliseconds tick) : tick_(tick) {}
  ~RangeWatch() { end(); }
  RangeWatch(const RangeWatch&) = delete;
  RangeWatch& operator=(const RangeWatch&) = delete;

  void watch(const RangeReaderRef& reader);
  // Ends all of them, and those that come later.
  void end();

 private:
  void run();
  std::vector<RangeReaderRef> living();  // with mutex_ held; forgets the others

  const std::chrono::milliseconds tick_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::weak_ptr<RangeReader>> readers_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace damfs
