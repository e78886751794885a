// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/probe_batch.h"

#include <condition_variable>
#include <mutex>

#include "catalog/base/log.h"
#include "catalog/ingest/look.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/places/object_store.h"

namespace damfs {

void probe_all(std::vector<ToProbe>& batch, const ProbeParts& parts) {
  std::mutex mutex;
  std::condition_variable finished;
  size_t under_way = 0;
  for (ToProbe& item : batch) {
    auto object = parts.store.open(item.sha256);
    if (!object) continue;
    {
      const std::lock_guard lock(mutex);
      ++under_way;
    }
    ToLook what{.object = std::move(*object),
                .sha256 = item.sha256,
                .name = item.label,
                .size = item.size,
                .deadline_ms = parts.deadline_ms,
                .hash_members = item.hash_members,
                .charset = item.charset};
    look_at(parts.workers, parts.cache, std::move(what), [&](JobResult result) {
      const std::lock_guard lock(mutex);
      if (result.ok) {
        item.facts = std::move(result.facts);
      } else if (result.permanent) {
        item.facts.emplace().problem = result.reason;
      } else {
        log::warning("cannot look at {} again: {}", item.label, result.reason);
      }
      if (--under_way == 0) finished.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return under_way == 0; });
}

}  // namespace damfs
