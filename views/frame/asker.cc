// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/asker.h"

#include <algorithm>

namespace damfs {
namespace {

constexpr int64_t kNobodyAsks = -1;
thread_local int64_t asking_uid = kNobodyAsks;

}  // namespace

bool Asker::is_in(uint32_t group) const {
  if (group == gid_) return true;
  if (!known_groups_) known_groups_ = groups_ ? groups_() : std::vector<uint32_t>();
  return std::find(known_groups_->begin(), known_groups_->end(), group) != known_groups_->end();
}

// The first class that applies decides, also when a later one would allow more.
bool Asker::may(Right right, const Ownership& ownership, mode_t usual) const {
  const auto mode = static_cast<mode_t>(ownership.mode.value_or(usual));
  const auto bit = static_cast<mode_t>(right);
  const bool owner_may = (mode >> 6 & bit) != 0;
  const bool group_may = (mode >> 3 & bit) != 0;
  const bool others_may = (mode & bit) != 0;
  if (static_cast<int64_t>(uid_) == ownership.uid.value_or(owner_uid_)) return owner_may;
  if (group_may == others_may) return others_may;
  return is_in(static_cast<uint32_t>(ownership.gid.value_or(owner_gid_))) ? group_may : others_may;
}

Asking::Asking(uint32_t uid) noexcept : before_(asking_uid) { asking_uid = uid; }
Asking::~Asking() { asking_uid = before_; }
std::optional<uint32_t> Asking::uid() noexcept {
  return asking_uid == kNobodyAsks ? std::nullopt : std::optional(static_cast<uint32_t>(asking_uid));
}

}  // namespace damfs
