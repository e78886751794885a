// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "catalog/base/digest.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/charsets.h"
#include "catalog/media/facts.h"

namespace damfs {

class Catalog;
class DerivedCache;
class Places;
class WorkerPool;

// Looks, in a thread of its own, at what was catalogued unseen: a file that somebody wrote is acknowledged when its
// bytes are safe, and what they show is found out afterwards; also what an earlier life left. Thread-safe.
class Prober {
 public:
  struct Parts {
    Catalog& catalog;
    Places& places;
    WorkerPool& workers;
    DerivedCache* cache = nullptr;  // where an archive's index is kept
    int64_t deadline_ms = 0;
    std::string charset{kAutoCharset};  // of names in archives (ToLook)
  };
  explicit Prober(Parts parts);
  ~Prober();  // ends behind the batch at hand
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // Something was catalogued unseen.
  void wake();

  // For what cannot be catalogued before it was looked at. `done` is called once, on a thread of the workers; what
  // cannot be probed has no facts but why.
  void look(UniqueFd object, const Digest& sha256, const std::string& name, int64_t size,
            std::function<void(MediaFacts)> done);

 private:
  void run();
  bool probe_batch(int64_t& after);

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool awake_ = true;  // an earlier life may have left something
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace damfs
