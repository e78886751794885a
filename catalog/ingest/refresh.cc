// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/refresh.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/ingest/probe_batch.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"

namespace damfs {
namespace {

constexpr size_t kHeldAtOnce = 64;  // descriptors held at once

// Of blob b and its technical row t, by ?1 kProbeRecipe and ?2 RefreshOptions::charset.
constexpr std::string_view kIsStale =
    "t.probe < ?1 OR (?2 <> '' AND EXISTS (SELECT 1 FROM pack k WHERE k.blob_id = t.blob_id AND k.charset <> ?2))";
constexpr std::string_view kColumns =
    "SELECT b.id, b.sha256, b.size, coalesce((SELECT a.label FROM version v JOIN asset a ON a.id = v.asset_id WHERE "
    "v.blob_id = b.id LIMIT 1), ''), coalesce((SELECT k.charset FROM pack k WHERE k.blob_id = b.id), ''), "
    "EXISTS (SELECT 1 FROM pack_member m WHERE m.id BETWEEN b.id << 20 AND b.id << 20 | 0xFFFFF AND m.sha256 IS NOT "
    "NULL) FROM technical t JOIN blob b ON b.id = t.blob_id WHERE ";

class Batches {
 public:
  Batches(Catalog& catalog, const RefreshOptions& options, std::string charset)
      : catalog_(catalog), options_(options), charset_(std::move(charset)) {}

  int64_t total() const {
    if (!options_.assets.empty()) return static_cast<int64_t>(options_.assets.size());
    const auto reader = catalog_.reader();
    db::Statement row(reader->database(), fmt::format("SELECT count(*) FROM technical t WHERE {}", kIsStale));
    row.bind_all(int64_t{kProbeRecipe}, std::string_view(options_.charset));
    return row.step() ? row.integer(0) : 0;
  }

  // Empty: that was all.
  std::vector<ToProbe> next() { return options_.assets.empty() ? next_stale() : next_named(); }

 private:
  std::vector<ToProbe> next_stale() {
    std::vector<ToProbe> batch;
    const auto reader = catalog_.reader();
    db::Statement rows(reader->database(),
                       fmt::format("{}({}) AND t.blob_id > ?3 ORDER BY t.blob_id LIMIT ?4", kColumns, kIsStale));
    rows.bind_all(int64_t{kProbeRecipe}, std::string_view(options_.charset), after_, static_cast<int64_t>(kHeldAtOnce));
    while (rows.step()) {
      after_ = rows.integer(0);
      take(rows, batch);
    }
    return batch;
  }

  std::vector<ToProbe> next_named() {
    std::vector<ToProbe> batch;
    const auto reader = catalog_.reader();
    db::Statement row(
        reader->database(),
        fmt::format("{} b.id = (SELECT v.blob_id FROM asset a JOIN version v ON v.id = a.version_id WHERE a.id = ?1)",
                    kColumns));
    for (; named_ < options_.assets.size() && batch.size() < kHeldAtOnce; ++named_) {
      row.bind_all(options_.assets[named_]);
      if (row.step()) take(row, batch);
      row.reset();
    }
    return batch;
  }

  void take(const db::Statement& row, std::vector<ToProbe>& batch) const {
    const auto digest = Digest::from_bytes(row.text(1));
    if (!digest) return;
    std::string charset = options_.charset;
    if (charset.empty()) charset = row.text(4);
    if (charset.empty()) charset = charset_;
    batch.push_back({*digest, std::string(row.text(3)), row.integer(2), std::move(charset),
                     options_.hash_members || row.integer(5) != 0});
  }

  Catalog& catalog_;
  const RefreshOptions& options_;
  const std::string charset_;  // of what is found to be an archive only now
  int64_t after_ = 0;          // a blob
  size_t named_ = 0;           // in options_.assets
};

}  // namespace

int64_t stale_originals(Catalog& catalog) { return Batches(catalog, {}, {}).total(); }

RefreshReport refresh_facts(Catalog& catalog, const ProbeParts& parts, const RefreshOptions& options,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            const std::atomic<bool>& stop) {
  RefreshReport report;
  Batches batches(catalog, options, parts.charset);
  report.stale = batches.total();
  while (!stop) {
    std::vector<ToProbe> batch = batches.next();
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
