// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/rendition.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace damfs {

void Rendition::read(uint64_t offset, size_t size, ReadAnswerRef answer) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kPending) {
      waiters_.push_back({std::move(answer), offset, size});
      return;
    }
  }
  // From here on nothing of this object changes any more.
  give({std::move(answer), offset, size});
}

bool Rendition::cancel(const ReadAnswer& answer) {
  ReadAnswerRef dropped;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                  [&](const Waiter& waiter) { return waiter.answer.get() == &answer; });
  if (found == waiters_.end()) return false;
  dropped = std::move(found->answer);
  waiters_.erase(found);
  return true;
}

void Rendition::on_done(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kPending) {
      listeners_.push_back(std::move(done));
      return;
    }
  }
  done(reason_);
}

void Rendition::complete(UniqueFd fd) { settle(State::kReady, std::move(fd), ""); }
void Rendition::fail(const std::string& reason) { settle(State::kLost, {}, reason); }

void Rendition::settle(State state, UniqueFd fd, const std::string& reason) {
  std::vector<Waiter> waiters;
  std::vector<Done> listeners;
  {
    const std::lock_guard lock(mutex_);
    fd_ = std::move(fd);
    reason_ = reason;
    state_ = state;
    waiters.swap(waiters_);
    listeners.swap(listeners_);
  }
  for (Waiter& waiter : waiters) give(std::move(waiter));
  for (const Done& done : listeners) done(reason);
}

void Rendition::give(Waiter waiter) {
  if (state_ == State::kLost) {
    waiter.answer->fail(EIO);
  } else if (waiter.offset >= size()) {
    waiter.answer->bytes({});
  } else {
    waiter.answer->slice(fd_.get(), waiter.offset, std::min<uint64_t>(waiter.size, size() - waiter.offset));
  }
}

}  // namespace damfs
