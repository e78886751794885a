// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/refresh.h"

#include <optional>
#include <vector>

#include "catalog/ingest/probe_batch.h"
#include "catalog/model/catalog.h"
#include "catalog/model/writer.h"
#include "catalog/store/object_store.h"

namespace damfs {
namespace {

constexpr size_t kBatch = 64;  // descriptors held at once

// Those behind blob `after`, which becomes the last one's id.
std::vector<ToProbe> next_batch(Catalog& catalog, int64_t& after) {
  std::vector<ToProbe> batch;
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

}  // namespace

int64_t stale_originals(Catalog& catalog) {
  const auto reader = catalog.reader();
  db::Statement row(reader->database(), "SELECT count(*) FROM technical WHERE probe < ?1");
  return row.bind_all(int64_t{kProbeRecipe}).step() ? row.integer(0) : 0;
}

RefreshReport refresh_facts(Catalog& catalog, const ProbeParts& parts,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            const std::atomic<bool>& stop) {
  RefreshReport report;
  report.stale = stale_originals(catalog);
  int64_t after = 0;
  while (!stop) {
    std::vector<ToProbe> batch = next_batch(catalog, after);
    if (batch.empty()) break;
    probe_all(batch, parts);
    catalog.write([&](Writer& writer) {
      for (const ToProbe& item : batch) {
        if (item.facts) writer.renew_facts(item.sha256, *item.facts);
      }
    });
    for (const ToProbe& item : batch) ++(item.facts ? report.renewed : report.failed);
    progress(report.renewed + report.failed, report.stale);
  }
  report.stopped = stop;
  return report;
}

}  // namespace damfs
