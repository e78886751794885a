// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "catalog/media/worker/clip/clip_picture.h"

namespace damfs::worker {

// Encodes the pictures of one run, several at a time, and hands them on in their order. Each thread has an encoder of
// its own: what an encoder gives does not depend on what it encoded before.
class EncodingLine {
 public:
  // Takes a frame's bytes; false: no more are wanted. Called in order and one at a time, by any of the threads.
  using HandOn = std::function<bool(std::span<const uint8_t> bytes)>;

  // Borrows all; `last` are the bytes of the frame before the run's first, and later those of its last.
  EncodingLine(std::deque<FrameEncoder>& encoders, std::vector<uint8_t>& last, HandOn hand_on);
  ~EncodingLine();  // what was not handed on by now, is not
  EncodingLine(const EncodingLine&) = delete;
  EncodingLine& operator=(const EncodingLine&) = delete;

  // Waits until there is room for one more. An empty one is the one before once more. False: no more are wanted.
  bool put(Frame picture);

  // Waits until all is handed on, or no more is wanted; throws what an encoder threw. True: all was.
  bool finish();

 private:
  struct Order {
    int64_t number = 0;
    Frame picture;
  };
  struct Encoded {
    std::vector<uint8_t> bytes;  // empty: as the one before
    std::exception_ptr error;
  };
  static Encoded encode(FrameEncoder& encoder, const Order& order);
  void serve(FrameEncoder& encoder);
  void hand_on(std::unique_lock<std::mutex>& lock);
  bool is_over() const { return !wanted_ || error_ != nullptr; }

  std::vector<uint8_t>& last_;
  const HandOn hand_on_;
  const int64_t room_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Order> orders_;
  std::map<int64_t, Encoded> encoded_;  // not yet handed on
  int64_t put_ = 0, handed_on_ = 0;
  bool handing_on_ = false, closed_ = false, wanted_ = true;
  std::exception_ptr error_;          // of the first that is not handed on
  std::vector<std::thread> threads_;  // last: they use the others
};

}  // namespace damfs::worker
