// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/deferred_content.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace damfs {

void DeferredContent::read(uint64_t offset, size_t size, ReadAnswerRef answer) {
  {
    const std::lock_guard lock(mutex_);
    if (!content_ && !failed_) {
      waiters_.push_back({std::move(answer), offset, size});
      return;
    }
  }
  // From here on neither changes any more.
  if (failed_) return answer->fail(EIO);
  content_->read(offset, size, std::move(answer));
}

bool DeferredContent::cancel(const ReadAnswer& answer) {
  ReadAnswerRef dropped;  // destroyed outside the lock
  ContentRef content;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                    [&](const Waiter& waiter) { return waiter.answer.get() == &answer; });
    if (found != waiters_.end()) {
      dropped = std::move(found->answer);
      waiters_.erase(found);
      return true;
    }
    content = content_;
  }
  return content && content->cancel(answer);
}

void DeferredContent::set(ContentRef content) {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    content_ = std::move(content);
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) content_->read(waiter.offset, waiter.size, std::move(waiter.answer));
}

void DeferredContent::fail() {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    waiters.swap(waiters_);
  }
  for (const Waiter& waiter : waiters) waiter.answer->fail(EIO);
}

}  // namespace damfs
