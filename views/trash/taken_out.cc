// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/trash/taken_out.h"

#include <algorithm>

#include "catalog/base/clock.h"

namespace damfs {

void AllTakenOut::put(TakenOut taken) {
  const std::lock_guard lock(mutex_);
  const auto same = numbers_.find({taken.uid, taken.name});
  if (same != numbers_.end()) erase(same->second);
  if (by_number_.size() >= kMost) erase(by_number_.begin()->first);
  // By the clock, so that no later mount gives the number out again.
  changed_ns_ = now_ns();
  taken.number = last_number_ = std::max(last_number_ + 1, changed_ns_ / 1000);
  numbers_[{taken.uid, taken.name}] = taken.number;
  by_asset_.emplace(taken.asset, taken.number);
  by_number_.emplace(taken.number, std::move(taken));
}

bool AllTakenOut::drop(uint32_t uid, std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = numbers_.find({uid, std::string(name)});
  if (found == numbers_.end()) return false;
  erase(found->second);
  return true;
}

void AllTakenOut::erase(int64_t number) {
  const auto found = by_number_.find(number);
  const TakenOut& taken = found->second;
  const auto [first, last] = by_asset_.equal_range(taken.asset);
  by_asset_.erase(std::find_if(first, last, [&](const auto& each) { return each.second == number; }));
  numbers_.erase({taken.uid, taken.name});
  by_number_.erase(found);
  changed_ns_ = now_ns();
}

int64_t AllTakenOut::changed_ns() const {
  const std::lock_guard lock(mutex_);
  return changed_ns_;
}

std::optional<TakenOut> AllTakenOut::find(uint32_t uid, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = numbers_.find({uid, std::string(name)});
  if (found == numbers_.end()) return std::nullopt;
  return by_number_.at(found->second);
}

std::optional<TakenOut> AllTakenOut::numbered(int64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? std::nullopt : std::optional(found->second);
}

void AllTakenOut::list(uint32_t uid, int64_t after, const std::function<bool(const TakenOut&)>& visit) const {
  for (;;) {
    std::optional<TakenOut> next;
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::find_if(by_number_.upper_bound(after), by_number_.end(),
                                      [&](const auto& each) { return each.second.uid == uid; });
      if (found != by_number_.end()) next = found->second;
    }
    if (!next || !visit(*next)) return;
    after = next->number;
  }
}

std::vector<TakenOut> AllTakenOut::of(int64_t asset) const {
  std::vector<TakenOut> found;
  const std::lock_guard lock(mutex_);
  const auto [first, last] = by_asset_.equal_range(asset);
  for (auto each = first; each != last; ++each) found.push_back(by_number_.at(each->second));
  return found;
}

}  // namespace damfs
