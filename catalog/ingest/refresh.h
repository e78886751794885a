// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace damfs {

class Catalog;
struct ProbeParts;

struct RefreshOptions {
  std::vector<int64_t> assets;  // only these, whoever had looked at them
  // Names in archives are read so from now on, and archives whose names were read otherwise are looked at, too. Empty:
  // each as it was read before.
  std::string charset;
  bool hash_members = false;  // of archives, also where nobody had asked for it before
};

struct RefreshReport {
  int64_t stale = 0;  // originals that were to be looked at
  int64_t renewed = 0;
  int64_t failed = 0;  // missing or unreadable ones: they stay as they were
  bool stopped = false;
};

// How many originals were last looked at by an older version of the probe.
int64_t stale_originals(Catalog& catalog);

// Looks again at all of them. `progress` is told how many are done and how many there are. May be stopped at any
// moment; the next call carries on.
RefreshReport refresh_facts(Catalog& catalog, const ProbeParts& parts, const RefreshOptions& options,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            const std::atomic<bool>& stop);

}  // namespace damfs
