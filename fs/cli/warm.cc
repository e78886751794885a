// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/search.h"
#include "fs/cli/command.h"
#include "fs/cli/output.h"
#include "fs/served_library.h"

namespace damfs {
namespace {

struct Arguments {
  std::vector<std::string> paths;
  std::vector<std::string> profiles;
  bool retry = false;
};

// Renders with a bounded number under way, and counts how they went.
class Warming {
 public:
  Warming(ServedLibrary& served, const Arguments& arguments)
      : served_(served), arguments_(arguments), bar_("Warming") {}

  void run(const std::vector<int64_t>& assets, const std::vector<const StillProfile*>& profiles,
           const std::atomic<bool>& stop) {
    total_ = static_cast<int64_t>(assets.size() * profiles.size());
    for (const int64_t asset : assets) {
      const auto found = served_.catalog().reader()->asset(asset);
      for (const StillProfile* profile : profiles) {
        if (stop) break;
        if (found && found->row.still) {
          start(*found, *profile);
        } else {
          const std::lock_guard lock(mutex_);
          ++none_;
        }
      }
    }
    std::unique_lock lock(mutex_);
    while (running_ > 0) {
      show();
      finished_.wait_for(lock, std::chrono::milliseconds(200));
    }
    bar_.clear();
  }

  int64_t made() const { return made_; }
  int64_t failed() const { return failed_; }
  int64_t none() const { return none_; }

 private:
  static constexpr int kUnderWay = 64;

  void start(const FoundAsset& found, const StillProfile& profile) {
    {
      std::unique_lock lock(mutex_);
      while (running_ >= kUnderWay) {
        show();
        finished_.wait_for(lock, std::chrono::milliseconds(200));
      }
      ++running_;
    }
    served_.stills().warm(found.row.version, profile, found.row.still, arguments_.retry,
                          [this, name = found.name](const std::string& reason) { done(name, reason); });
  }

  void done(const std::string& name, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    --running_;
    ++(reason.empty() ? made_ : failed_);
    if (!reason.empty()) {
      bar_.clear();
      fmt::print(stderr, "failed: {}: {}\n", printable(name), reason);
    }
    finished_.notify_one();
  }

  void show() { bar_.show({.done = made_ + failed_ + none_, .total = total_}); }

  ServedLibrary& served_;
  const Arguments& arguments_;
  std::mutex mutex_;
  std::condition_variable finished_;
  ProgressBar bar_;
  int64_t total_ = 0;
  int running_ = 0;
  int64_t made_ = 0, failed_ = 0, none_ = 0;
};

// A path is one asset, or a folder: of originals/, or of the mount, which then tells by its files.
std::vector<int64_t> assets_below(Reader& reader, const std::vector<std::string>& paths, Globals& globals) {
  std::vector<int64_t> assets;
  std::vector<std::string> items;
  for (const std::string& path : paths) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
        if (entry.is_regular_file(error)) items.push_back(entry.path().string());
      }
      continue;
    }
    const size_t before = assets.size();
    search(reader, parse_query("path:\"" + path + "\""), 0, [&](int64_t asset) {
      assets.push_back(asset);
      return true;
    });
    if (assets.size() == before) items.push_back(path);
  }
  const auto named = resolve_items(reader, items, globals);
  assets.insert(assets.end(), named.begin(), named.end());
  std::sort(assets.begin(), assets.end());
  assets.erase(std::unique(assets.begin(), assets.end()), assets.end());
  return assets;
}

std::vector<const StillProfile*> chosen_profiles(const std::vector<std::string>& names) {
  std::vector<const StillProfile*> chosen;
  for (const std::string& name : names) {
    const StillProfile* profile = still_profile(std::string_view(name));
    if (profile == nullptr)
      fail(EINVAL, "there is no profile '{}'; there are small, medium and large", printable(name));
    chosen.push_back(profile);
  }
  if (chosen.empty()) {
    for (const StillProfile& profile : still_profiles()) chosen.push_back(&profile);
  }
  return chosen;
}

int warm(const Arguments& arguments, Globals& globals) {
  const auto profiles = chosen_profiles(arguments.profiles);
  ServedLibrary served(globals.open_library());
  std::vector<int64_t> assets;
  {
    const auto reader = served.catalog().reader();
    assets = assets_below(*reader, arguments.paths, globals);
  }
  if (assets.empty() && globals.exit_code != kAllDone) return globals.exit_code;
  const StopOnSignal stop;
  Warming warming(served, arguments);
  warming.run(assets, profiles, stop.flag());
  fmt::print("{} previews ready, {} failed, {} have none{}\n", warming.made(), warming.failed(), warming.none(),
             stop.flag() ? "; stopped, the same command carries on" : "");
  if (stop.flag()) return kFailed;
  if (warming.failed() == 0) return globals.exit_code;
  return warming.made() > 0 ? kPartlyDone : kFailed;
}

}  // namespace

void add_warm(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("warm", "Make previews ahead of time");
  verb->footer(
      "A PATH is a folder or file of the mount, or relative to originals/.\n\n"
      "Examples:\n  damfs warm 2024/rome --profile medium\n  damfs warm ~/damfs/albums/Holidays");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("PATH", arguments->paths, "What to make previews of")->required();
  verb->add_option("--profile", arguments->profiles, "small, medium or large; may be given more than once (all)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_flag("--retry", arguments->retry, "Also what failed before");
  verb->callback([arguments, &globals] { globals.exit_code = warm(*arguments, globals); });
}

}  // namespace damfs
