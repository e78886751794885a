// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/encoding_line.h"

#include <utility>

namespace damfs::worker {

EncodingLine::EncodingLine(std::deque<FrameEncoder>& encoders, std::vector<uint8_t>& last, HandOn hand_on)
    : last_(last), hand_on_(std::move(hand_on)), room_(2 * std::ssize(encoders)) {
  for (FrameEncoder& encoder : encoders) threads_.emplace_back([this, &encoder] { serve(encoder); });
}

EncodingLine::~EncodingLine() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    orders_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

EncodingLine::Encoded EncodingLine::encode(FrameEncoder& encoder, const Order& order) {
  Encoded encoded;
  if (!order.picture) return encoded;
  try {
    const auto bytes = encoder.encode(order.picture.get());
    encoded.bytes.assign(bytes.begin(), bytes.end());
  } catch (...) {
    encoded.error = std::current_exception();
  }
  return encoded;
}

void EncodingLine::serve(FrameEncoder& encoder) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return !orders_.empty() || closed_; });
    if (orders_.empty()) return;
    const Order order = std::move(orders_.front());
    orders_.pop_front();
    lock.unlock();
    Encoded encoded = encode(encoder, order);
    lock.lock();
    encoded_[order.number] = std::move(encoded);
    hand_on(lock);
  }
}

// Whoever comes while another is at it, leaves its own to that one.
void EncodingLine::hand_on(std::unique_lock<std::mutex>& lock) {
  while (!handing_on_ && !is_over() && !closed_) {
    auto next = encoded_.extract(handed_on_);
    if (!next) break;
    error_ = next.mapped().error;
    if (error_) break;
    handing_on_ = true;
    if (!next.mapped().bytes.empty()) last_ = std::move(next.mapped().bytes);
    lock.unlock();
    bool wanted = false;
    std::exception_ptr error;
    try {
      wanted = hand_on_(last_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    handing_on_ = false;
    ++handed_on_;
    wanted_ = wanted;
    error_ = error;
  }
  changed_.notify_all();
}

bool EncodingLine::put(Frame picture) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return put_ - handed_on_ < room_ || is_over(); });
  if (is_over()) return false;
  orders_.push_back({put_++, std::move(picture)});
  changed_.notify_all();
  return true;
}

bool EncodingLine::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return handed_on_ == put_ || is_over(); });
  changed_.wait(lock, [&] { return !handing_on_; });
  if (error_) std::rethrow_exception(error_);
  return handed_on_ == put_;
}

}  // namespace damfs::worker
