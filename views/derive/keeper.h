// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "catalog/derived/derived_cache.h"

namespace damfs {

// Gives finished derived files their place in the cache, behind the readers' backs: a file may be linked only
// when its bytes are on the disk, or a power cut could leave one of the right size and wrong bytes, which would be
// served for ever. One sync serves all that came meanwhile. Thread-safe.
class Keeper {
 public:
  explicit Keeper(DerivedCache& cache);
  ~Keeper();  // when all that was given to it is kept
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  struct Finished {
    DerivedKey key;
    int fd;  // stays open as long as `owner` lives
    std::shared_ptr<const void> owner;
    std::function<void()> kept;  // called once, on the keeper's thread, also when keeping failed
  };
  void keep(Finished finished);

 private:
  void run();

  DerivedCache& cache_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Finished> queue_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace damfs
