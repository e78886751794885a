// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace damfs {

class Catalog;
struct ProbeParts;

struct RefreshReport {
  int64_t stale = 0;  // originals that an older probe had looked at
  int64_t renewed = 0;
  int64_t failed = 0;  // missing or unreadable ones: they stay as they were
  bool stopped = false;
};

// How many originals were last looked at by an older version of the probe.
int64_t stale_originals(Catalog& catalog);

// Looks again at all of them. `progress` is told how many are done and how many there are. May be stopped at any
// moment; the next call carries on.
RefreshReport refresh_facts(Catalog& catalog, const ProbeParts& parts,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            const std::atomic<bool>& stop);

}  // namespace damfs
