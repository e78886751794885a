// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/serve/warm.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "views/derive/failures.h"
#include "views/serve/served_library.h"

namespace damfs {
namespace {

// What is to be made of one asset.
struct Wish {
  std::vector<const StillProfile*> stills;
  std::vector<const ClipProfile*> clips;
};
using Wishes = std::map<int64_t, Wish>;

// Renders asset by asset, as many at once as keep the workers busy, so that a stop is obeyed soon.
class Warming {
 public:
  // `said_which`: the profiles were named, so what one of them has nothing of is told.
  Warming(ServedLibrary& served, bool retry, bool said_which, const WarmEvents& events)
      : served_(served), retry_(retry), said_which_(said_which), at_once_(2 * served.workers() + 2), events_(events) {}

  WarmReport run(const Wishes& wishes, const std::atomic<bool>& stop) {
    for (const auto& [asset, wish] : wishes) total_ += static_cast<int64_t>(wish.stills.size());
    for (const auto& [asset, wish] : wishes) {
      wait_until_fewer_than(at_once_, stop);
      if (stop) break;
      const auto found = served_.catalog().reader()->asset(asset);
      start_stills(found, wish.stills);
      for (const ClipProfile* profile : wish.clips) {
        // Of one proxy the workers make as much at once as they can.
        wait_until_fewer_than(served_.workers(), stop);
        if (!stop) start_clip(found, *profile);
      }
    }
    wait_until_fewer_than(1, stop);
    return report_;
  }

 private:
  void start_stills(const std::optional<FoundAsset>& found, const std::vector<const StillProfile*>& profiles) {
    std::vector<const StillProfile*> shown;
    {
      const std::lock_guard lock(mutex_);
      for (const StillProfile* profile : profiles) {
        if (found && has_still(*profile, found->row)) {
          shown.push_back(profile);
          ++running_;
          continue;
        }
        ++pieces_;
        if (said_which_ || profile->shows == Composition::kNone) ++report_.none;
      }
    }
    if (shown.empty()) return;
    try {
      served_.stills().warm(
          {StillSubject::What::kVersion, found->row.version}, shown, found->row.still, retry_,
          [this, name = found->name](const StillProfile&, const std::string& reason) { done(name, reason, 1); });
    } catch (const Error& error) {
      for (size_t i = 0; i < shown.size(); ++i) done(found->name, error.what(), 1);
    }
  }

  // A proxy counts as many pieces as it has, for one may take as long as thousands of stills.
  void start_clip(const std::optional<FoundAsset>& found, const ClipProfile& profile) {
    const auto facts = found ? clip_from_text(found->row.clip, found->row.size) : std::nullopt;
    {
      const std::lock_guard lock(mutex_);
      if (!facts) {
        ++report_.none;
        return;
      }
      ++running_;
      total_ += ClipLayout(profile, *facts).sparse().units();
    }
    const auto counted = std::make_shared<int64_t>(0);
    const auto progress = [this, counted](int64_t made, int64_t) {
      const std::lock_guard lock(mutex_);
      pieces_ += made - std::exchange(*counted, made);
    };
    try {
      auto session =
          served_.clips().warm(found->row.version, profile, retry_, progress,
                               [this, name = found->name](const std::string& reason) { done(name, reason, 0); });
      const std::lock_guard lock(mutex_);
      if (session) sessions_.push_back(std::move(session));
    } catch (const Error& error) {
      done(found->name, error.what(), 0);
    }
  }

  void done(const std::string& name, const std::string& reason, int64_t pieces) {
    const std::lock_guard lock(mutex_);
    --running_;
    pieces_ += pieces;
    ++(reason.empty() ? report_.ready : report_.failed);
    if (!reason.empty()) events_.failed(name, reason);
    finished_.notify_one();
  }

  void wait_until_fewer_than(unsigned count, const std::atomic<bool>& stop) {
    std::unique_lock lock(mutex_);
    while (running_ >= count) {
      if (stop && !std::exchange(said_stop_, true)) {
        events_.stopping();
        for (const auto& session : sessions_) session->stop_warming();
      }
      events_.progress({.done = pieces_, .total = total_});
      finished_.wait_for(lock, std::chrono::milliseconds(200));
    }
  }

  ServedLibrary& served_;
  const bool retry_, said_which_;
  const unsigned at_once_;
  const WarmEvents& events_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::vector<std::shared_ptr<PieceSession>> sessions_;
  bool said_stop_ = false;
  unsigned running_ = 0;
  int64_t total_ = 0, pieces_ = 0;  // of the progress
  WarmReport report_;
};

Wish chosen_profiles(const StillProfiles& profiles, const std::vector<std::string>& names) {
  Wish chosen;
  for (const std::string& name : names) {
    if (const StillProfile* still = profiles.find(std::string_view(name))) {
      chosen.stills.push_back(still);
    } else if (const ClipProfile* clip = clip_profile(name)) {
      chosen.clips.push_back(clip);
    } else {
      fail(EINVAL, "there is no profile '{}'; there are {}, and of editing proxies edit and edit-hq", printable(name),
           profiles.names());
    }
  }
  if (names.empty()) {
    for (const StillProfile& profile : profiles) chosen.stills.push_back(&profile);
  }
  return chosen;
}

Wishes wishes_of(ServedLibrary& served, const ToWarm& wanted) {
  Wish chosen = chosen_profiles(served.stills().profiles(), wanted.profiles);
  Wishes wishes;
  if (wanted.which == ToWarm::Which::kAssets) {
    for (const int64_t asset : wanted.assets) wishes[asset] = chosen;
    return wishes;
  }
  // What failed may be anything.
  if (wanted.profiles.empty()) {
    for (const ClipProfile& profile : clip_profiles()) chosen.clips.push_back(&profile);
  }
  const auto reader = served.catalog().reader();
  for (const FailedFile& file : failed_files(*reader, served.cache())) {
    // What is inside an archive is made again when it is read.
    if (file.is_inside) {
      served.cache().forget_failure(file.failure.key);
      continue;
    }
    // Equal bytes are made once.
    Wish& wish = wishes[file.assets.front()];
    const std::string& failed = file.failure.key.profile;
    for (const StillProfile* still : chosen.stills) {
      if (still->cache_name == failed) wish.stills.push_back(still);
    }
    for (const ClipProfile* clip : chosen.clips) {
      if (clip->name == failed) wish.clips.push_back(clip);
    }
  }
  return wishes;
}

}  // namespace

void require_profiles(ServedLibrary& served, const std::vector<std::string>& names) {
  chosen_profiles(served.stills().profiles(), names);
}

WarmReport warm(ServedLibrary& served, const ToWarm& wanted, const WarmEvents& events, const std::atomic<bool>& stop) {
  const Wishes wishes = wishes_of(served, wanted);
  const bool retry = wanted.retry || wanted.which == ToWarm::Which::kAllFailed;
  return Warming(served, retry, !wanted.profiles.empty(), events).run(wishes, stop);
}

}  // namespace damfs
