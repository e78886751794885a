// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/invalidate.h"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "catalog/base/log.h"
#include "catalog/base/now.h"

namespace damfs {
namespace {

constexpr std::chrono::milliseconds kBreath{5};
// In one folder at once: beyond it the folder itself is announced.
constexpr size_t kMostNamesAnnounced = 64;
// From one round to the next.
constexpr size_t kMostRemembered = 1 << 16;

class Names final : public EntrySink {
 public:
  bool add(std::string_view name, const Attributes&, Cursor) override {
    names.emplace_back(name);
    return true;
  }
  std::vector<std::string> names;
};

}  // namespace

Invalidator::Invalidator(Session& session, Options options)
    : session_(session), options_(std::move(options)), newest_(options_.since), thread_([this] { watch(); }) {
  session_.on_change([this](Session::News news) { wake(news); });
}

void Invalidator::wake(Session::News news) {
  {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    is_awaited_ = is_awaited_ || news == Session::News::kAwaited;
  }
  stop_asked_.notify_all();
}

void Invalidator::stop() {
  session_.on_change(nullptr);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_asked_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Invalidator::watch() {
  std::unique_lock lock(mutex_);
  bool is_failing = false;
  for (;;) {
    Clock::wait_for(stop_asked_, lock, options_.period, [this] { return stopping_ || awake_; });
    // Whoever makes change after change is not to be asked after each, but where somebody waits for the kernel to know.
    if (awake_) Clock::wait_for(stop_asked_, lock, kBreath, [this] { return stopping_ || is_awaited_; });
    if (stopping_) return;
    awake_ = is_awaited_ = false;
    lock.unlock();
    const uint64_t asked = session_.invalidations_asked();
    try {
      poll();
      is_failing = false;
    } catch (const std::exception& error) {
      // The next round asks again from the same change on. Said once, not four times a second.
      if (!is_failing) log::warning("changes of the library cannot be shown: {}", error.what());
      is_failing = true;
    }
    session_.invalidated(asked);
    lock.lock();
  }
}

void Invalidator::poll() {
  repeat_last_round();
  for (bool is_whole = false; !is_whole;) {
    Tree::News news = options_.news(newest_, [this](NodeId id) { return session_.inodes().knows(id); });
    if (news.everything) {
      invalidate_everything();
    } else {
      for (const Stale& stale : news.stale) invalidate(stale);
      announce(news.stale);
    }
    remember(std::move(news.stale));
    newest_ = news.newest;
    is_whole = !news.is_part;
  }
}

// A reply that was worked out before the change may have reached the kernel after the notification.
void Invalidator::repeat_last_round() {
  for (const Stale& stale : std::exchange(last_round_, {})) invalidate(stale);
  if (std::exchange(forget_all_next_, false)) invalidate_everything();
}

void Invalidator::remember(std::vector<Stale> stale) {
  if (last_round_.size() + stale.size() > kMostRemembered) {
    last_round_.clear();
    forget_all_next_ = true;
  } else if (!forget_all_next_) {
    std::move(stale.begin(), stale.end(), std::back_inserter(last_round_));
  }
}

// To whoever has a window of the folder open.
void Invalidator::announce(const std::vector<Stale>& stale) {
  Announcer* announcer = session_.options().announcer;
  if (announcer == nullptr) return;
  std::vector<Announcer::Item> items;
  std::unordered_map<NodeId, std::string> paths;
  std::unordered_map<NodeId, size_t> counts;
  for (const Stale& each : stale) {
    if (each.what != Stale::What::kEntry) continue;
    const auto [path, is_new] = paths.try_emplace(each.node);
    if (is_new) path->second = session_.options().nodes.path_of(each.node);
    if (path->second.empty()) continue;
    const size_t count = ++counts[each.node];
    if (count > kMostNamesAnnounced + 1) continue;
    Announcer::Item item{each.node, path->second, each.name, Announcer::Item::Change::kTouched};
    if (count > kMostNamesAnnounced) {
      item.name.clear();
    } else {
      const NodeRef directory = session_.options().nodes.node(each.node);
      const NodeRef entry = directory ? directory->lookup(EntryName(each.name)) : nullptr;
      const auto attributes = entry ? entry->attributes() : std::nullopt;
      item.change = attributes ? Announcer::Item::Change::kCame : Announcer::Item::Change::kWent;
      if (attributes) item.type = attributes->mode & S_IFMT;
    }
    items.push_back(std::move(item));
  }
  announcer->announce(std::move(items));
}

void Invalidator::invalidate(const Stale& stale) {
  switch (stale.what) {
    case Stale::What::kEntry: return session_.expire_entry(stale.node, stale.name);
    case Stale::What::kAttributes: return session_.invalidate_attributes(stale.node);
    case Stale::What::kListing: return session_.invalidate_listing(stale.node);
    case Stale::What::kBytes: return session_.invalidate_bytes(stale.node);
  }
}

// Forgetting a folder's name makes the kernel forget all names below it, so those of the root are enough.
void Invalidator::invalidate_everything() {
  Names top;
  session_.options().nodes.root()->list(0, top);
  for (const std::string& name : top.names) session_.forget_entry(NodeId::root(), name);
  for (const NodeId id : session_.inodes().known()) session_.invalidate_listing(id);
}

}  // namespace damfs
