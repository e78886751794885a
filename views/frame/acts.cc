// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/acts.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// How long a program may pause and still be at the same thing.
constexpr std::chrono::seconds kPause{2};
constexpr std::chrono::seconds kPasses{60};
constexpr size_t kMostPrograms = 256;
constexpr size_t kMostMade = 100'000;

std::string name_of(const Actor& actor) { return actor.name.empty() ? "a program" : printable(actor.name); }

}  // namespace

std::optional<Acts::Current> Acts::current_of(const Actor& actor, const Doing& doing, Clock::time_point at) const {
  const std::lock_guard lock(mutex_);
  const auto found = current_.find(actor.program);
  if (found == current_.end() || found->second.uid != actor.uid || at - found->second.last > kPause ||
      !found->second.doings->goes_on(doing)) {
    return std::nullopt;
  }
  return found->second;
}

// With the catalog's lock of writers held, so one at a time.
void Acts::note(const Actor& actor, const Doing& doing, Current current) {
  const std::lock_guard lock(mutex_);
  if (current_.size() >= kMostPrograms) {
    std::erase_if(current_, [&](const auto& each) { return current.last - each.second.last > kPause; });
  }
  if (doing.kind == Doing::Kind::kWrite && doing.is_new && doing.asset != 0) {
    if (made_.size() >= kMostMade) {
      std::erase_if(made_, [&](const auto& each) { return current.last - each.second.at > kPasses; });
    }
    if (made_.size() < kMostMade) made_[doing.asset] = {actor.program, actor.uid, current.last};
  }
  current_[actor.program] = std::move(current);
}

// A program that waits for a slow disk, or for who else writes, does not rest.
void Acts::is_answered(const Actor& actor) {
  const std::lock_guard lock(mutex_);
  if (const auto found = current_.find(actor.program); found != current_.end()) found->second.last = Clock::now();
}

void Acts::write(const Actor& actor, Doing& doing, Durability durability, const Work& work, Room room) {
  const std::string program = name_of(actor);
  const Clock::time_point at = Clock::now();
  std::shared_ptr<Doings> doings;
  WriteRequest request{.durability = durability, .frees_room = room == Room::kFreed};
  const auto act = [&](Writer& writer, KnownNames& known) {
    const auto current = current_of(actor, doing, at);
    doings = current ? current->doings : std::make_shared<Doings>(doing.kind);
    writer.begin({.uid = actor.uid, .what = program, .continues = current ? current->act : 0});
    work(writer, known);
    std::string told;
    {
      const std::lock_guard lock(mutex_);
      doings->add(doing);
      told = doings->told();
    }
    writer.call_act(fmt::format("{}: {}", program, told));
  };
  request.before_commit = [&](const Written& written) {
    if (written.act != 0) note(actor, doing, {written.act, at, actor.uid, doings});
  };
  commit(std::move(request), act);
  is_answered(actor);
}

bool Acts::is_short_lived(const Actor& actor, int64_t asset) const {
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = made_.find(asset);
  return found != made_.end() && now - found->second.at <= kPasses && found->second.uid == actor.uid &&
         found->second.program == actor.program;
}

bool Acts::remove_short_lived(const Actor& actor, int64_t asset,
                              const std::function<bool(Writer&, KnownNames& known)>& work) {
  bool is_removed = false;
  commit({.durability = Durability::kSoon, .frees_room = true}, [&](Writer& writer, KnownNames& known) {
    is_removed = work(writer, known);
    if (!is_removed) return;
    Act act;
    act.uid = actor.uid;
    {
      const std::lock_guard lock(mutex_);
      made_.erase(asset);
      const auto found = current_.find(actor.program);
      if (found == current_.end()) return;
      found->second.doings->without(asset);
      act.what = fmt::format("{}: {}", name_of(actor), found->second.doings->told());
      act.continues = found->second.act;
    }
    writer.begin(act);
    writer.call_act(act.what);
  });
  return is_removed;
}

Written Acts::commit(WriteRequest request, const std::function<void(Writer&, KnownNames&)>& work) {
  KnownNames known;
  Own own;
  // Before anybody can see the change, so that it is never invalidated before this is known.
  request.before_commit = [&, also = std::move(request.before_commit)](const Written& written) {
    if (also) also(written);
    if (written.first_change == 0 || known.empty()) return;
    own = {written.first_change, written.last_change, known};
    const std::lock_guard lock(mutex_);
    own_.push_back(own);
  };
  try {
    return catalog_.write(request, [&](Writer& writer) {
      known.clear();  // it may be tried once more
      work(writer, known);
    });
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

bool Acts::is_own(int64_t change) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(own_.begin(), own_.end(),
                     [&](const Own& own) { return own.first <= change && change <= own.last; });
}

void Acts::forget_up_to(int64_t change) {
  const std::lock_guard lock(mutex_);
  std::erase_if(own_, [&](const Own& own) { return own.last <= change; });
}

}  // namespace damfs
