// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/places/places.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <future>
#include <span>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/log.h"

namespace damfs {
namespace {

constexpr size_t kFetchesAtOnce = 4;
constexpr uint64_t kFetchedAtOnce = 1U << 20;  // bytes: a range
constexpr std::chrono::milliseconds kLongestTick{1000};

// Another opening of that file: with a position of its own, and not to be written to.
UniqueFd reopen(const UniqueFd& file) { return open_file(fmt::format("/proc/self/fd/{}", file.get()), O_RDONLY); }

}  // namespace

Places::Places(Parts parts)
    : parts_(std::move(parts)),
      watch_(std::clamp(parts_.patience / 8, std::chrono::milliseconds(1), kLongestTick)),
      pool_(kFetchesAtOnce) {}

Places::Places(const ObjectStore& store) : Places(places_of(store)) {}

Places::~Places() { end(); }

bool Places::has(const Digest& sha256, int64_t size) const {
  return std::any_of(parts_.places.begin(), parts_.places.end(),
                     [&](const auto& place) { return place->has(sha256, size); });
}

RangeReaderRef Places::reader_of(const Place& place, const Digest& sha256, std::shared_ptr<Ranges> ranges) {
  const auto reader = std::make_shared<RangeReader>(
      std::move(ranges), fmt::format("{} in {}", sha256.hex(), place.name()), parts_.patience);
  watch_.watch(reader);
  return reader;
}

std::optional<OpenedBlob> Places::open(const Digest& sha256) {
  std::exception_ptr problem;
  for (const auto& place : parts_.places) {
    try {
      auto opened = place->open(sha256);
      if (opened && opened->file) return OpenedBlob{std::move(opened->file)};
      if (opened) return OpenedBlob{{}, reader_of(*place, sha256, std::move(opened->ranges))};
    } catch (const Error&) {
      if (!problem) problem = std::current_exception();
    }
  }
  if (problem) std::rethrow_exception(problem);
  return std::nullopt;
}

bool Places::is_ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Places::fetch(const Digest& sha256, Then then, Failed failed) {
  {
    std::unique_lock lock(mutex_);
    if (ending_) {
      lock.unlock();
      return failed("the library is being closed");
    }
    auto& waiting = fetches_[sha256];
    waiting.push_back({std::move(then), std::move(failed)});
    if (waiting.size() > 1) return;
    ++under_way_;
  }
  pool_.submit([this, sha256] { fetch_now(sha256); });
}

void Places::fetch_now(const Digest& sha256) {
  UniqueFd file;
  std::string reason;
  try {
    file = find_or_copy(sha256);
  } catch (const std::exception& error) {
    reason = error.what();
  }
  std::vector<Waiter> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = std::move(fetches_[sha256]);
    fetches_.erase(sha256);
  }
  for (const Waiter& each : waiting) {
    try {
      if (!file) fail(EIO, "{}", reason);
      each.then(reopen(file));
    } catch (const std::exception& error) {
      each.failed(error.what());
    }
  }
  waiting.clear();
  const std::lock_guard lock(mutex_);
  if (--under_way_ == 0) none_left_.notify_all();
}

UniqueFd Places::find_or_copy(const Digest& sha256) {
  std::string reason = "no place has its bytes";
  for (const auto& place : parts_.places) {
    if (is_ending()) fail(EIO, "the library is being closed");
    try {
      auto opened = place->open(sha256);
      if (!opened) continue;
      if (opened->file) return std::move(opened->file);
      return copy(*place, sha256, *reader_of(*place, sha256, std::move(opened->ranges)));
    } catch (const std::exception& error) {
      reason = error.what();
      log::warning("{} cannot be fetched from {}: {}", sha256.hex(), place->name(), reason);
    }
  }
  fail(EIO, "{}", reason);
}

UniqueFd Places::copy(const Place& place, const Digest& sha256, RangeReader& ranges) {
  if (ranges.size() > parts_.most_fetched) fail(EFBIG, "it has {} bytes, too many to be fetched", ranges.size());
  const UniqueFd file = parts_.stage();
  Sha256 hash;
  for (uint64_t at = 0; at < ranges.size();) {
    const auto bytes = ranges.wait(at, std::min(kFetchedAtOnce, ranges.size() - at));
    hash.update(bytes);
    pwrite_all(file.get(), bytes, at, "a file that is fetched");
    at += bytes.size();
  }
  if (hash.finish() != sha256) fail(EIO, "{} gave other bytes than its SHA-256 says", place.name());
  return reopen(file);
}

std::optional<UniqueFd> Places::wait_for(const Digest& sha256, std::optional<std::chrono::milliseconds> most) {
  auto opened = open(sha256);
  if (!opened) return std::nullopt;
  if (opened->file) return std::move(opened->file);
  const auto promise = std::make_shared<std::promise<UniqueFd>>();
  auto future = promise->get_future();
  fetch(
      sha256, [promise](UniqueFd file) { promise->set_value(std::move(file)); },
      [promise](const std::string& reason) { promise->set_exception(std::make_exception_ptr(Error(EIO, reason))); });
  if (most && future.wait_for(*most) != std::future_status::ready) fail(EIO, "its bytes take too long to be fetched");
  return future.get();
}

void Places::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  watch_.end();
  std::unique_lock lock(mutex_);
  none_left_.wait(lock, [this] { return under_way_ == 0; });
}

}  // namespace damfs
