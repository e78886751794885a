// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/probe_batch.h"

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "catalog/base/log.h"
#include "catalog/ingest/look.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/places/places.h"

namespace damfs {
namespace {

// One of the batch; `done` is called once, now or later. Without a reason: the bytes are missing.
void probe_one(const ToProbe& item, const ProbeParts& parts, const std::function<void(JobResult)>& done) {
  const auto look = [&item, &parts, done](UniqueFd object) {
    ToLook what{.object = std::move(object),
                .sha256 = item.sha256,
                .name = item.label,
                .size = item.size,
                .deadline_ms = parts.deadline_ms,
                .hash_members = item.hash_members,
                .charset = item.charset};
    look_at(parts.workers, parts.cache, std::move(what), done);
  };
  const auto not_now = [done](const std::string& reason) {
    JobResult result;
    result.reason = reason;
    result.permanent = false;
    done(std::move(result));
  };
  std::optional<OpenedBlob> opened;
  try {
    opened = parts.places.open(item.sha256);
  } catch (const std::exception& error) {
    return not_now(error.what());
  }
  if (!opened) return not_now({});
  if (opened->file) return look(std::move(opened->file));
  parts.places.fetch(item.sha256, look, not_now);
}

}  // namespace

void probe_all(std::vector<ToProbe>& batch, const ProbeParts& parts) {
  std::mutex mutex;
  std::condition_variable finished;
  size_t under_way = batch.size();
  for (ToProbe& item : batch) {
    probe_one(item, parts, [&](JobResult result) {
      const std::lock_guard lock(mutex);
      if (result.ok) {
        item.facts = std::move(result.facts);
      } else if (result.permanent) {
        item.facts.emplace().problem = result.reason;
      } else if (!result.reason.empty()) {
        log::warning("cannot look at {} again: {}", item.label, result.reason);
      }
      if (--under_way == 0) finished.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return under_way == 0; });
}

}  // namespace damfs
