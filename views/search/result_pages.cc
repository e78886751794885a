// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/search/result_pages.h"

#include <algorithm>

#include "catalog/base/now.h"

namespace damfs {
namespace {

constexpr size_t kFirst = 512;
constexpr size_t kGrowth = 8;
constexpr size_t kLongest = 1 << 17;  // 1 MiB of ids
constexpr size_t kMostStretches = 8;
// While something writes without pause, a search at every page would make a long listing quadratic. What was found just
// before a change may be shown for less than the time until it is invalidated once more (fs/invalidate.h), so the
// kernel keeps nothing old.
constexpr std::chrono::milliseconds kStillGood{150};

}  // namespace

std::shared_ptr<const ResultPages::Stretch> ResultPages::find(uint64_t folder, int64_t after, int64_t change,
                                                              size_t& wanted) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (auto each = stretches_.begin(); each != stretches_.end(); ++each) {
    const Stretch& stretch = **each;
    if (stretch.folder != folder) continue;
    const bool is_good = stretch.change == change || (after != 0 && now - stretch.at < kStillGood);
    if (is_good && stretch.covers(after)) {
      stretches_.splice(stretches_.begin(), stretches_, each);
      return stretches_.front();
    }
    if (!stretch.ids.empty() && stretch.ids.back() == after) {
      wanted = std::clamp(stretch.ids.size() * kGrowth, kFirst, kLongest);
    }
  }
  return nullptr;
}

std::shared_ptr<const ResultPages::Stretch> ResultPages::behind(Reader& reader, uint64_t folder,
                                                                const Criteria& criteria, int64_t after) {
  const int64_t change = reader.newest_change();
  size_t wanted = kFirst;
  if (auto found = find(folder, after, change, wanted)) return found;
  auto stretch = std::make_shared<Stretch>();
  stretch->folder = folder;
  stretch->after = after;
  stretch->change = change;
  stretch->at = Clock::now();
  stretch->is_last = true;
  search(reader, criteria, after, [&](int64_t asset) {
    stretch->ids.push_back(asset);
    return stretch->is_last = stretch->ids.size() < wanted;
  });
  const std::lock_guard lock(mutex_);
  stretches_.push_front(stretch);
  if (stretches_.size() > kMostStretches) stretches_.pop_back();
  return stretch;
}

}  // namespace damfs
