// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/places/range_reader.h"

#include <cerrno>
#include <exception>
#include <future>
#include <iterator>
#include <system_error>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/now.h"

namespace damfs {

RangeReader::RangeReader(std::shared_ptr<Ranges> ranges, std::string what, std::chrono::milliseconds patience)
    : size_(ranges->size()), what_(std::move(what)), patience_(patience), ranges_(std::move(ranges)) {}

RangeReader::~RangeReader() { end(); }

void RangeReader::read(Key key, uint64_t offset, size_t size, Got got) {
  if (size == 0) return got(0, {});
  Pending pending{key, offset, size, Clock::now() + patience_, std::move(got)};
  if (offset > size_ || size > size_ - offset) return fail(pending, "it is shorter than it should be");
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ranges_) {
      number = ++last_;
      pending_.emplace(number, std::move(pending));
    }
  }
  if (number == 0) return fail(pending, "it is closed");
  ask(number, offset, size);
}

void RangeReader::ask(uint64_t number, uint64_t offset, size_t size) {
  std::shared_ptr<Ranges> ranges;
  {
    const std::lock_guard lock(mutex_);
    ranges = ranges_;
  }
  if (!ranges) return;  // end() has answered it
  int error = EIO;
  try {
    return ranges->ask(number, offset, size, [weak = weak_from_this(), number](int code, auto bytes) {
      if (const auto self = weak.lock()) self->take(number, code, bytes);
    });
  } catch (const std::exception& problem) {
    error = errno_of_current_exception();
    log::info("{}: {}", what_, problem.what());
  }
  take(number, error, {});
}

void RangeReader::take(uint64_t number, int error, std::span<const std::byte> bytes) {
  Pending done;
  std::string problem;
  uint64_t again = 0, from = 0;
  size_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(number);
    if (found == pending_.end()) return;  // answered before, cancelled, or too late
    Pending& pending = found->second;
    left = pending.size - pending.bytes.size();
    if (error != 0) {
      problem = std::generic_category().message(error);
    } else if (bytes.empty() || bytes.size() > left) {
      problem = fmt::format("{} bytes came where {} were asked for", bytes.size(), left);
    } else if (bytes.size() < left && ++pending.pieces == kMostPieces) {
      problem = "it comes in too many pieces";
    }
    const bool is_piece = problem.empty() && (bytes.size() < left || pending.pieces > 0);
    if (is_piece) {
      pending.bytes.reserve(pending.size);
      pending.bytes.insert(pending.bytes.end(), bytes.begin(), bytes.end());
      left -= bytes.size();
    }
    if (is_piece && left > 0) {
      from = pending.offset + pending.bytes.size();
      again = ++last_;
      auto node = pending_.extract(found);
      node.key() = again;
      pending_.insert(std::move(node));
    } else {
      done = std::move(pending);
      pending_.erase(found);
    }
  }
  if (again != 0) return ask(again, from, left);
  if (!problem.empty()) return fail(done, problem);
  done.got(0, done.bytes.empty() ? bytes : std::span<const std::byte>(done.bytes));
}

void RangeReader::fail(const Pending& pending, std::string_view reason) const {
  log::warning("{}: bytes {} to {} cannot be read: {}", what_, pending.offset, pending.offset + pending.size, reason);
  pending.got(EIO, {});
}

bool RangeReader::cancel(Key key) {
  std::shared_ptr<Ranges> ranges;
  Pending dropped;  // destroyed outside the lock
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    for (auto each = pending_.begin(); each != pending_.end() && number == 0; ++each) {
      if (each->second.key == key) number = each->first;
    }
    if (number == 0) return false;
    ranges = ranges_;
    dropped = std::move(pending_[number]);
    pending_.erase(number);
  }
  ranges->cancel(number);
  return true;
}

std::vector<std::byte> RangeReader::wait(uint64_t offset, size_t size) {
  const auto promise = std::make_shared<std::promise<std::vector<std::byte>>>();
  auto future = promise->get_future();
  read(promise.get(), offset, size, [promise, this](int error, std::span<const std::byte> bytes) {
    if (error == 0) return promise->set_value({bytes.begin(), bytes.end()});
    promise->set_exception(std::make_exception_ptr(Error(error, what_ + " cannot be read")));
  });
  return future.get();
}

void RangeReader::expire(Clock::time_point now) {
  std::shared_ptr<Ranges> ranges;
  std::map<uint64_t, Pending> late;
  {
    const std::lock_guard lock(mutex_);
    ranges = ranges_;
    for (auto each = pending_.begin(); each != pending_.end();) {
      const auto next = std::next(each);
      if (each->second.until <= now) late.insert(pending_.extract(each));
      each = next;
    }
  }
  for (const auto& [number, pending] : late) {
    ranges->cancel(number);
    fail(pending, "no answer came in time");
  }
}

void RangeReader::end() {
  std::shared_ptr<Ranges> ranges;
  std::map<uint64_t, Pending> left;
  {
    const std::lock_guard lock(mutex_);
    ranges = std::move(ranges_);
    left = std::exchange(pending_, {});
  }
  for (const auto& [number, pending] : left) {
    ranges->cancel(number);
    fail(pending, "it was closed");
  }
}

void RangeWatch::watch(const RangeReaderRef& reader) {
  {
    const std::lock_guard lock(mutex_);
    if (!ending_) {
      readers_.push_back(reader);
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      changed_.notify_one();
      return;
    }
  }
  reader->end();
}

std::vector<RangeReaderRef> RangeWatch::living() {
  std::vector<RangeReaderRef> all;
  std::erase_if(readers_, [&](const std::weak_ptr<RangeReader>& each) {
    auto reader = each.lock();
    if (!reader) return true;
    all.push_back(std::move(reader));
    return false;
  });
  return all;
}

void RangeWatch::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (readers_.empty()) {
      changed_.wait(lock, [this] { return ending_ || !readers_.empty(); });
      continue;
    }
    if (Clock::wait_for(changed_, lock, tick_, [this] { return ending_; })) return;
    std::vector<RangeReaderRef> readers = living();
    lock.unlock();
    // Whoever has it last is this thread, perhaps: they go before the lock is taken again.
    for (const RangeReaderRef& reader : std::exchange(readers, {})) reader->expire(Clock::now());
    lock.lock();
  }
}

void RangeWatch::end() {
  std::vector<RangeReaderRef> readers;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    readers = living();
    readers_.clear();
  }
  changed_.notify_all();
  for (const RangeReaderRef& reader : readers) reader->end();
  if (thread_.joinable()) thread_.join();
}

}  // namespace damfs
