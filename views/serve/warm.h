// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace damfs {

class ServedLibrary;

// What is to be made ahead of time.
struct ToWarm {
  enum class Which : uint8_t {
    kAssets,
    kAllFailed,  // all that failed before, and only that; `assets` is not looked at
  };
  Which which = Which::kAssets;
  std::vector<int64_t> assets{};
  std::vector<std::string> profiles{};  // of previews and proxies; empty: all previews, of kAllFailed all there are
  bool retry = false;                   // also what failed before
};

struct WarmProgress {
  int64_t done = 0, total = 0;  // stills, and pieces of proxies
};

// One at a time, on the threads that work or on the caller's, with a lock held that the work waits for.
struct WarmEvents {
  std::function<void(const std::string& name, const std::string& reason)> failed;
  std::function<void(const WarmProgress&)> progress;  // five times a second
  std::function<void()> stopping;                     // once it was heard that it is to stop
};

struct WarmReport {  // files
  int64_t ready = 0, failed = 0;
  int64_t none = 0;  // that do not exist, of profiles that were named
};

// EINVAL, which says what there is, where one of these names is no profile: for those who find out what to make first.
void require_profiles(ServedLibrary& served, const std::vector<std::string>& names);

// Makes them, as many at once as keep the workers busy. `stop` ends it when what runs is done, which is kept. EINVAL
// for a profile that there is none of.
WarmReport warm(ServedLibrary& served, const ToWarm& wanted, const WarmEvents& events, const std::atomic<bool>& stop);

}  // namespace damfs
