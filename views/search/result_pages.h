// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "catalog/model/search/search.h"

namespace damfs {

// What running listings of searches found ahead. A kernel asks for a few dozen entries at a time, but many searches
// cost as much for the first match as for all of them; so a page is cut from a stretch of ids, and only a stretch
// that is used up is searched on from, with a longer one. Holds no more than a few stretches; a listing needs none to
// be resumed. Thread-safe.
class ResultPages {
 public:
  struct Stretch {
    uint64_t folder = 0;  // whose
    int64_t after = 0;    // holds all that match behind this …
    std::vector<int64_t> ids;
    bool is_last = false;  // … to the end; else up to the last of `ids`
    int64_t change = 0;    // the newest change when it was searched for
    std::chrono::steady_clock::time_point at;

    bool covers(int64_t from) const { return after <= from && (is_last || (!ids.empty() && from < ids.back())); }
  };

  // `folder`: any number that stands for these criteria alone.
  std::shared_ptr<const Stretch> behind(Reader& reader, uint64_t folder, const Criteria& criteria, int64_t after);

 private:
  std::shared_ptr<const Stretch> find(uint64_t folder, int64_t after, int64_t change, size_t& wanted);

  std::mutex mutex_;                                     // never held while a search runs
  std::list<std::shared_ptr<const Stretch>> stretches_;  // the last used first
};

}  // namespace damfs
