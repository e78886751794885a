// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/pending_read.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "fs/asker.h"

namespace damfs {
namespace {

constexpr uint64_t kAhead = 4U << 20;    // how far the disk works ahead of a sequential reader
constexpr uint64_t kReorder = 1U << 20;  // requests of one reader overtake each other by about this much

// The backing descriptor is read from several threads in no strict order, which its own read-ahead takes for
// random access; the handle knows better.
void read_ahead(OpenFile& file, int fd, uint64_t offset, size_t size) {
  const uint64_t end = offset + size;
  const uint64_t expected = file.read_up_to.exchange(end, std::memory_order_relaxed);
  const bool sequential = offset <= expected + kReorder && offset + kReorder >= expected;
  if (!sequential || offset == 0) {
    file.hinted_up_to.store(end, std::memory_order_relaxed);
    return;
  }
  uint64_t hinted = file.hinted_up_to.load(std::memory_order_relaxed);
  if (end + kAhead / 2 < hinted) return;
  const uint64_t from = std::max(hinted, end);
  if (!file.hinted_up_to.compare_exchange_strong(hinted, from + kAhead, std::memory_order_relaxed)) return;
  ::posix_fadvise(fd, static_cast<off_t>(from), static_cast<off_t>(kAhead), POSIX_FADV_WILLNEED);
}

}  // namespace

void PendingReads::closing(const OpenFile& file, pid_t closer) {
  for (const auto& read : find([&](const PendingRead& pending) { return pending.file_.get() == &file; })) {
    if (has_gone(read->asker_, closer)) read->abandon();
  }
}

void PendingReads::end_all() {
  for (const auto& read : find([](const PendingRead&) { return true; })) {
    read->abandon();
    read->fail(ENOTCONN);
  }
  std::unique_lock lock(mutex_);
  none_left_.wait(lock, [&] { return reads_.empty(); });
}

size_t PendingReads::size() const {
  const std::lock_guard lock(mutex_);
  return reads_.size();
}

void PendingReads::add(const std::shared_ptr<PendingRead>& read) {
  const std::lock_guard lock(mutex_);
  reads_.emplace(read.get(), read);
}

void PendingReads::finished(const PendingRead& read) {
  const std::lock_guard lock(mutex_);
  if (reads_.erase(&read) != 0 && reads_.empty()) none_left_.notify_all();
}

std::vector<std::shared_ptr<PendingRead>> PendingReads::find(const Matches& matches) const {
  std::vector<std::shared_ptr<PendingRead>> found;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : reads_) {
      // A read whose last holder is just letting go answers itself.
      if (auto read = weak.lock()) found.push_back(std::move(read));
    }
  }
  // One that is let go of here may be the last to, and answers, for which it takes the lock.
  std::erase_if(found, [&](const auto& read) { return !matches(*read); });
  return found;
}

PendingRead::PendingRead(Key, Reply&& reply, std::shared_ptr<PendingReads> reads, OpenFileRef file)
    : reads_(std::move(reads)), file_(std::move(file)), asker_(reply.asker()), reply_(std::move(reply)) {}

PendingRead::~PendingRead() { fail(EIO); }

void PendingRead::start(Reply&& reply, std::shared_ptr<PendingReads> reads, OpenFileRef file, uint64_t offset,
                        size_t size) {
  const auto request = reply.request();
  auto read = std::make_shared<PendingRead>(Key{}, std::move(reply), std::move(reads), std::move(file));
  read->reads_->add(read);
  fuse_req_interrupt_func(request, &on_interrupt, read.get());
  if (read->gate_->abandoned) return read->fail(EINTR);
  try {
    read->file_->content->read(offset, size, read);
  } catch (const std::exception& error) {
    log::debug("read of an open file at {}: {}", offset, error.what());
    return read->fail(errno_of_current_exception());
  } catch (...) {
    return read->fail(EIO);
  }
  // Who went away before the content knew of this answer cancelled nothing.
  if (read->gate_->abandoned) read->cancel();
}

void PendingRead::on_interrupt(fuse_req_t, void* data) noexcept {
  // Without a reference left the read is in its destructor, which waits for this callback and then answers.
  auto read = static_cast<PendingRead*>(data)->weak_from_this().lock();
  if (!read) return;
  const auto gate = read->gate_;
  gate->callback_thread = std::this_thread::get_id();
  read->abandon();
  read.reset();
  gate->callback_thread = std::thread::id();
}

void PendingRead::abandon() noexcept {
  gate_->abandoned = true;
  cancel();
}

void PendingRead::cancel() noexcept {
  try {
    if (gate_->taken || !file_->content->cancel(*this)) return;
    finish([this](Reply& reply) {
      reads_->stats_.count_cancelled();
      reply.error(EINTR);
    });
  } catch (const std::exception& error) {
    log::error("cannot cancel a read: {}", error.what());
  } catch (...) {
    log::error("cannot cancel a read");
  }
}

bool PendingRead::take() {
  if (gate_->taken.exchange(true)) return false;
  if (gate_->callback_thread.load() != std::this_thread::get_id()) {
    fuse_req_interrupt_func(reply_.request(), nullptr, nullptr);
  }
  return true;
}

template <typename Answer>
bool PendingRead::finish(Answer answer) {
  if (!take()) return false;
  if (std::this_thread::get_id() != starter_) reads_->stats_.count_late_reply();
  answer(reply_);
  reads_->finished(*this);
  return true;
}

void PendingRead::bytes(std::span<const std::byte> data) {
  finish([&](Reply& reply) { reply.bytes(data); });
}

void PendingRead::slice(int fd, uint64_t offset, size_t size) {
  finish([&](Reply& reply) {
    reply.slice(fd, offset, size);
    // Telling the disk takes a while, in which the reader has something to do.
    read_ahead(*file_, fd, offset, size);
  });
}

void PendingRead::fail(int error) {
  finish([&](Reply& reply) { reply.error(error); });
}

}  // namespace damfs
