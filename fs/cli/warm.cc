// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/search/search.h"
#include "fs/cli/command.h"
#include "fs/cli/failures.h"
#include "fs/cli/items.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"
#include "views/serve/served_library.h"

namespace damfs {
namespace {

constexpr int kMostWorkers = 1024;

struct WarmArguments {
  std::vector<std::string> paths;
  std::vector<std::string> profiles;
  unsigned workers = 0;  // 0: as the library's settings say
  bool retry = false;
  Teller tell;
};

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
  Warming(ServedLibrary& served, bool retry, bool said_which)
      : served_(served), retry_(retry), said_which_(said_which), at_once_(2 * served.workers() + 2), bar_("Warming") {}

  void run(const Wishes& wishes, const std::atomic<bool>& stop) {
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
    bar_.clear();
  }

  int64_t made() const { return made_; }
  int64_t failed() const { return failed_; }
  int64_t none() const { return none_; }

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
        if (said_which_ || profile->shows == Composition::kNone) ++none_;
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
        ++none_;
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
    ++(reason.empty() ? made_ : failed_);
    if (!reason.empty()) {
      bar_.clear();
      fmt::print(stderr, "failed: {}: {}\n", printable(name), reason);
    }
    finished_.notify_one();
  }

  void wait_until_fewer_than(unsigned count, const std::atomic<bool>& stop) {
    std::unique_lock lock(mutex_);
    while (running_ >= count) {
      if (stop && !std::exchange(said_stop_, true)) {
        bar_.clear();
        fmt::print(stderr, "Stopping when what runs is done; Ctrl-C again ends at once.\n");
        for (const auto& session : sessions_) session->stop_warming();
      }
      bar_.show({.done = pieces_, .total = total_});
      finished_.wait_for(lock, std::chrono::milliseconds(200));
    }
  }

  ServedLibrary& served_;
  const bool retry_, said_which_;
  const unsigned at_once_;
  std::mutex mutex_;
  std::condition_variable finished_;
  ProgressBar bar_;
  std::vector<std::shared_ptr<PieceSession>> sessions_;
  bool said_stop_ = false;
  unsigned running_ = 0;
  int64_t total_ = 0, pieces_ = 0;            // of the bar
  int64_t made_ = 0, failed_ = 0, none_ = 0;  // files
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

Wishes wishes_of(ServedLibrary& served, const WarmArguments& arguments, Globals& globals) {
  Wish chosen = chosen_profiles(served.stills().profiles(), arguments.profiles);
  const auto reader = served.catalog().reader();
  Wishes wishes;
  if (!arguments.paths.empty()) {
    for (const int64_t asset : resolve_items(*reader, Items{arguments.paths, {}}, globals)) wishes[asset] = chosen;
    return wishes;
  }
  // What failed may be anything.
  if (arguments.profiles.empty()) {
    for (const ClipProfile& profile : clip_profiles()) chosen.clips.push_back(&profile);
  }
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

int warm(const WarmArguments& arguments, Globals& globals) {
  if (arguments.paths.empty() && !arguments.retry) {
    fail(EINVAL, "warm what? Name a folder or file, or give --retry for all that failed before");
  }
  ServedLibrary served(globals.open_library(), arguments.workers);
  const Wishes wishes = wishes_of(served, arguments, globals);
  if (wishes.empty() && globals.exit_code != kAllDone) return globals.exit_code;
  const StopOnSignal stop;
  Warming warming(served, arguments.retry, !arguments.profiles.empty());
  warming.run(wishes, stop.flag());
  arguments.tell.line({{"ready", warming.made()},
                       {"failed", warming.failed()},
                       {"none", warming.none()},
                       {"stopped", stop.flag().load()}});
  arguments.tell.words("{} files ready, {} failed, {} do not exist\n", warming.made(), warming.failed(),
                       warming.none());
  if (stop.flag()) {
    arguments.tell.words("Stopped. What was done is kept; the same command carries on.\n");
    return kFailed;
  }
  if (warming.failed() == 0) return globals.exit_code;
  return warming.made() > 0 ? kPartlyDone : kFailed;
}

}  // namespace

void add_warm(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("warm", "Make previews and editing proxies ahead of time");
  verb->footer(
      "A PATH is a folder or file of the mount, or relative to originals/. Ctrl-C ends it in good order: what was done "
      "is kept.\n\n"
      "Examples:\n  damfs warm 2024/rome --profile medium\n  damfs warm 2024/rome --profile edit\n  damfs warm "
      "~/damfs/albums/Holidays -j 2\n"
      "  damfs warm --retry");
  auto arguments = std::make_shared<WarmArguments>();
  verb->add_option("PATH", arguments->paths, "What to make previews or proxies of");
  verb->add_option(
          "--profile", arguments->profiles,
          "small, medium, large, material or one of damfs.toml; edit or edit-hq for editing proxies; may be given more "
          "than once (all previews)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("-j,--jobs", arguments->workers, "How many workers at the most (one a core)")
      ->check(CLI::Range(1, kMostWorkers));
  verb->add_flag("--retry", arguments->retry, "Also what failed before; without a PATH all that failed, and only that");
  arguments->tell = Teller(*verb);
  verb->callback([arguments, &globals] { globals.exit_code = warm(*arguments, globals); });
}

}  // namespace damfs
