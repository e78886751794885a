// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/search/query_folders.h"

#include <algorithm>
#include <span>
#include <utility>

#include "catalog/base/digest.h"

namespace damfs {
namespace {

// A collage's number holds its folder's key beside a view and a profile, and has room for no more.
constexpr int kKeyBits = 50;

}  // namespace

int64_t QueryFolders::key_of(const std::string& path) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(path)));
  uint64_t bits = 0;
  const Digest digest = hash.finish();
  for (size_t i = 0; i < sizeof bits; ++i) bits = bits << 8 | digest.bytes.at(i);
  return static_cast<int64_t>(std::max<uint64_t>(bits >> (64 - kKeyBits), 1));  // 0 is search/ itself
}

QueryFolderRef QueryFolders::intern(QueryFolder folder) {
  folder.key = key_of(folder.path);
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[folder.key];
  QueryFolderRef found = slot.folder.lock();
  if (found && found->path != folder.path) return nullptr;
  if (!found) {
    found = std::make_shared<const QueryFolder>(std::move(folder));
    slot.folder = found;
    slot.is_kept = false;
  }
  keep(slot, found);
  if (slots_.size() > sweep_at_) sweep();
  return found;
}

void QueryFolders::keep(Slot& slot, const QueryFolderRef& folder) {
  if (slot.is_kept) {
    kept_.splice(kept_.begin(), kept_, slot.kept);
    return;
  }
  kept_.push_front(folder);
  slot.kept = kept_.begin();
  slot.is_kept = true;
  if (kept_.size() <= most_kept_) return;
  slots_[kept_.back()->key].is_kept = false;
  // When nobody takes them there is no kernel whose entries are to be invalidated.
  if (given_up_.size() < 16 * most_kept_) given_up_.push_back(std::move(kept_.back()));
  kept_.pop_back();
}

void QueryFolders::sweep() {
  std::erase_if(slots_, [](const auto& each) { return each.second.folder.expired(); });
  sweep_at_ = std::max<size_t>(1024, 2 * slots_.size());
}

QueryFolderRef QueryFolders::find(int64_t key) const {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(key);
  return found == slots_.end() ? nullptr : found->second.folder.lock();
}

std::vector<QueryFolderRef> QueryFolders::all() const {
  std::vector<QueryFolderRef> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, slot] : slots_) {
    if (auto folder = slot.folder.lock()) all.push_back(std::move(folder));
  }
  return all;
}

std::vector<QueryFolderRef> QueryFolders::take_given_up() {
  const std::lock_guard lock(mutex_);
  return std::exchange(given_up_, {});
}

}  // namespace damfs
