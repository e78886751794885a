// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/keeper.h"

#include "catalog/base/log.h"

namespace damfs {

Keeper::Keeper(DerivedCache& cache) : cache_(cache), thread_([this] { run(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Keeper::keep(Finished finished) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(finished));
  }
  changed_.notify_one();
}

void Keeper::run() {
  for (;;) {
    std::vector<Finished> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    try {
      cache_.sync();
      for (const Finished& finished : batch) cache_.insert(finished.key, finished.fd);
    } catch (const std::exception& error) {
      // Who waited for the pictures has them; only the next reader pays, with a render.
      log::warning("cannot keep previews: {}", error.what());
    }
    for (const Finished& finished : batch) finished.kept();
  }
}

}  // namespace damfs
