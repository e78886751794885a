// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/overwrites.h"

#include <cerrno>

#include "catalog/base/now.h"

namespace damfs {
namespace {

// The kernel comes back at once.
constexpr std::chrono::seconds kSoon{1};
constexpr std::chrono::seconds kLongest{10};
constexpr size_t kMany = 256;

}  // namespace

Overwrites::Answer Overwrites::wants(pid_t asker, NodeId node) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = wishes_.find({asker, node.value()});
  if (found != wishes_.end()) {
    const Wish wish = found->second;
    wishes_.erase(found);
    if (wish.refused != 0) return {.error = wish.refused};
    if (now - wish.at < kSoon) return {.comes_by_number = true};
  }
  if (wishes_.size() >= kMany) forget_old();
  wishes_[{asker, node.value()}] = {0, now};
  return {.error = ESTALE};
}

std::optional<NodeId> Overwrites::wanted(pid_t asker) const {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (auto each = wishes_.lower_bound({asker, 0}); each != wishes_.end() && each->first.first == asker; ++each) {
    if (each->second.refused == 0 && now - each->second.at < kSoon) return NodeId(each->first.second);
  }
  return std::nullopt;
}

void Overwrites::refused(pid_t asker, NodeId node, int error) {
  const std::lock_guard lock(mutex_);
  wishes_[{asker, node.value()}] = {error, Clock::now()};
}

void Overwrites::found(pid_t asker, NodeId node) {
  const std::lock_guard lock(mutex_);
  wishes_.erase({asker, node.value()});
}

void Overwrites::forget_old() {
  const auto now = Clock::now();
  std::erase_if(wishes_, [&](const auto& each) { return now - each.second.at > kLongest; });
}

}  // namespace damfs
