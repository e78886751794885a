// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/acts.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/base/clock.h"
#include "catalog/base/names.h"

namespace damfs {
namespace {

// How long a program may pause and still be at the same thing.
constexpr int64_t kPauseNs = 3'000'000'000;
constexpr size_t kMostPrograms = 256;

}  // namespace

int64_t Acts::act_to_continue(const Actor& actor, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const auto found = current_.find(actor.program);
  if (found == current_.end() || found->second.uid != actor.uid || now_ns - found->second.last_ns > kPauseNs) return 0;
  return found->second.act;
}

void Acts::began(const Actor& actor, int64_t act, int64_t now_ns) {
  if (act == 0) return;
  const std::lock_guard lock(mutex_);
  if (current_.size() >= kMostPrograms) {
    std::erase_if(current_, [&](const auto& each) { return now_ns - each.second.last_ns > kPauseNs; });
  }
  current_[actor.program] = {act, now_ns, actor.uid};
}

void Acts::write(const Actor& actor, std::string_view what, Durability durability,
                 const std::function<void(Writer&, KnownNames& known)>& work, Room room) {
  const int64_t at = now_ns();
  Act act{.uid = actor.uid, .what = fmt::format("{}: {}", printable(actor.name), what)};
  act.continues = act_to_continue(actor, at);
  KnownNames known;
  Own own;
  // Before anybody can see the change, so that the news of it never come first.
  const auto before_commit = [&](const Written& written) {
    if (written.first_change == 0 || known.empty()) return;
    own = {written.first_change, written.last_change, known};
    const std::lock_guard lock(mutex_);
    own_.push_back(own);
  };
  try {
    const Written written = catalog_.write(
        WriteRequest{
            .act = act, .durability = durability, .before_commit = before_commit, .frees_room = room == Room::kFreed},
        [&](Writer& writer) { work(writer, known); });
    began(actor, written.act, at);
  } catch (...) {
    // The numbers may be given to somebody else's changes.
    const std::lock_guard lock(mutex_);
    std::erase_if(own_, [&](const Own& each) { return own.first != 0 && each.first == own.first; });
    throw;
  }
}

bool Acts::is_known(int64_t change, NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(own_.begin(), own_.end(), [&](const Own& own) {
    return own.first <= change && change <= own.last &&
           std::any_of(own.names.begin(), own.names.end(),
                       [&](const auto& each) { return each.first == directory && each.second == name; });
  });
}

void Acts::forget_up_to(int64_t change) {
  const std::lock_guard lock(mutex_);
  std::erase_if(own_, [&](const Own& own) { return own.last <= change; });
}

}  // namespace damfs
