// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/media/pool/worker_pool.h"
#include "views/frame/node.h"

namespace damfs {

// One still that is being made or has been: who waits for it, and its bytes. Thread-safe.
class Rendition {
 public:
  Rendition(DerivedKey key, int64_t size) : key_(std::move(key)), size_(size) {}

  const DerivedKey& key() const { return key_; }
  uint64_t size() const { return static_cast<uint64_t>(size_); }

  void read(uint64_t offset, size_t size, ReadAnswerRef answer);
  bool cancel(const ReadAnswer& answer);

  // Called with the outcome, now or later; an empty reason: it is there.
  using Done = std::function<void(const std::string& reason)>;
  void on_done(Done done);

  void complete(UniqueFd fd);
  void fail(const std::string& reason);

  int fd() const { return fd_.get(); }  // of a complete one; never changes from then on

  // Guarded by Stills::mutex_:
  int users = 0;  // opened files that look at it
  WorkerPool::Ticket ticket = 0;
  bool wanted = false;  // by a warm-up: goes on although nobody has it open

 private:
  enum class State { kPending, kReady, kLost };
  struct Waiter {
    ReadAnswerRef answer;
    uint64_t offset;
    size_t size;
  };

  void settle(State state, UniqueFd fd, const std::string& reason);
  void give(Waiter waiter);

  const DerivedKey key_;
  const int64_t size_;
  std::mutex mutex_;
  State state_ = State::kPending;  // once not pending, it, fd_ and reason_ stay as they are
  UniqueFd fd_;
  std::string reason_;
  std::vector<Waiter> waiters_;
  std::vector<Done> listeners_;
};
using RenditionRef = std::shared_ptr<Rendition>;

}  // namespace damfs
