// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/refresh.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "catalog/base/log.h"
#include "catalog/media/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/model/writer.h"
#include "catalog/store/object_store.h"

namespace damfs {
namespace {

constexpr size_t kBatch = 64;  // descriptors held at once

struct Stale {
  Digest sha256;
  std::string label;  // a hint for the probe
  int64_t size = 0;
  std::optional<MediaFacts> facts;
};

// Those behind blob `after`, which becomes the last one's id.
std::vector<Stale> next_batch(Catalog& catalog, int64_t& after) {
  std::vector<Stale> batch;
  const auto reader = catalog.reader();
  db::Statement rows(reader->database(),
                     "SELECT b.id, b.sha256, b.size, coalesce((SELECT a.label FROM version v JOIN asset a ON "
                     "a.id = v.asset_id WHERE v.blob_id = b.id LIMIT 1), '') FROM technical t JOIN blob b ON "
                     "b.id = t.blob_id WHERE t.probe < ?1 AND t.blob_id > ?2 ORDER BY t.blob_id LIMIT ?3");
  rows.bind_all(int64_t{kProbeRecipe}, after, static_cast<int64_t>(kBatch));
  while (rows.step()) {
    after = rows.integer(0);
    if (const auto digest = Digest::from_bytes(rows.text(1))) {
      batch.push_back({*digest, std::string(rows.text(3)), rows.integer(2), std::nullopt});
    }
  }
  return batch;
}

// Probes a batch and waits for all of it.
void probe_all(std::vector<Stale>& batch, const ObjectStore& store, WorkerPool& workers, int64_t deadline_ms) {
  std::mutex mutex;
  std::condition_variable finished;
  size_t under_way = 0;
  for (Stale& item : batch) {
    auto object = store.open(item.sha256);
    if (!object) continue;
    Job job;
    job.type = JobType::kProbe;
    job.job_class = JobClass::kImport;
    job.source = std::move(*object);
    job.name = item.label;
    job.deadline_ms = deadline_ms + item.size / 20'000;  // as in import
    job.done = [&](JobResult result, UniqueFd) {
      const std::lock_guard lock(mutex);
      if (result.ok) {
        item.facts = std::move(result.facts);
      } else if (result.permanent) {
        item.facts.emplace().problem = result.reason;
      } else {
        log::warning("cannot look at {} again: {}", item.label, result.reason);
      }
      if (--under_way == 0) finished.notify_one();
    };
    {
      const std::lock_guard lock(mutex);
      ++under_way;
    }
    workers.submit(std::move(job));
  }
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return under_way == 0; });
}

}  // namespace

int64_t stale_originals(Catalog& catalog) {
  const auto reader = catalog.reader();
  db::Statement row(reader->database(), "SELECT count(*) FROM technical WHERE probe < ?1");
  return row.bind_all(int64_t{kProbeRecipe}).step() ? row.integer(0) : 0;
}

RefreshReport refresh_facts(Catalog& catalog, const ObjectStore& store, WorkerPool& workers, int64_t deadline_ms,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            const std::atomic<bool>& stop) {
  RefreshReport report;
  report.stale = stale_originals(catalog);
  int64_t after = 0;
  while (!stop) {
    std::vector<Stale> batch = next_batch(catalog, after);
    if (batch.empty()) break;
    probe_all(batch, store, workers, deadline_ms);
    catalog.write([&](Writer& writer) {
      for (const Stale& item : batch) {
        if (item.facts) writer.renew_facts(item.sha256, *item.facts);
      }
    });
    for (const Stale& item : batch) ++(item.facts ? report.renewed : report.failed);
    progress(report.renewed + report.failed, report.stale);
  }
  report.stopped = stop;
  return report;
}

}  // namespace damfs
