// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/write/version_numbers.h"

#include <exception>
#include <utility>

#include "catalog/base/log.h"
#include "catalog/base/task_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr int64_t kReservedAtOnce = 256;
constexpr int64_t kReservedAheadAt = kReservedAtOnce / 2;

}  // namespace

VersionNumbers::Range VersionNumbers::reserve() {
  Range range;
  // Durable: a number that nobody remembers after a power cut could be given out twice.
  catalog_.write([&](Writer& writer) { range.next = writer.reserve_versions(kReservedAtOnce); });
  range.end = range.next + kReservedAtOnce;
  return range;
}

std::optional<int64_t> VersionNumbers::take() {
  bool is_low = false;
  std::optional<int64_t> number;
  {
    const std::lock_guard lock(mutex_);
    if (range_.left() == 0) range_ = std::exchange(spare_, {});
    if (range_.left() == 0) return std::nullopt;
    number = range_.next++;
    is_low = spare_.left() == 0 && range_.left() <= kReservedAheadAt && !is_reserving_;
    is_reserving_ = is_reserving_ || is_low;
  }
  if (is_low) pool_.submit([this] { reserve_ahead(); });
  return number;
}

int64_t VersionNumbers::next() {
  if (const auto number = take()) return *number;
  const std::lock_guard fetching(fetching_);
  if (const auto number = take()) return *number;  // somebody else fetched some
  Range fetched = reserve();
  const int64_t number = fetched.next++;
  const std::lock_guard lock(mutex_);
  range_ = fetched;
  return number;
}

void VersionNumbers::reserve_ahead() {
  Range fetched;
  try {
    fetched = reserve();
  } catch (const std::exception& error) {
    log::info("numbers for new files are fetched when they are needed: {}", error.what());
  }
  const std::lock_guard lock(mutex_);
  spare_ = fetched;
  is_reserving_ = false;
}

}  // namespace damfs
