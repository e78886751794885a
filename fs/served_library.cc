// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/served_library.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "catalog/base/clock.h"
#include "catalog/ingest/whole.h"
#include "catalog/model/write/shown_copies.h"

namespace damfs {

ServedLibrary::ServedLibrary(const Library& library, unsigned workers)
    : library_(library),
      catalog_(library.catalog()),
      objects_(library.objects(), library.staging()),
      places_(objects_),
      cache_(library.derived(), library.config().derived_max_bytes),
      workers_(std::make_unique<WorkerPool>(
          WorkerPool::Options{.program = {}, .workers = workers > 0 ? workers : library.config().media_workers})) {
  heal_when_added(catalog_, objects_);
  show_copies(catalog_, library.config().show_copies);
  clips_ = std::make_unique<Clips>(Clips::Parts{.catalog = catalog_,
                                                .places = places_,
                                                .cache = cache_,
                                                .workers = *workers_,
                                                .deadline_ms = library.config().media_deadline_ms});
  members_ = std::make_unique<Members>(Members::Parts{.catalog = catalog_,
                                                      .places = places_,
                                                      .cache = cache_,
                                                      .workers = *workers_,
                                                      .deadline_ms = library.config().media_deadline_ms});
  stills_ = std::make_unique<Stills>(Stills::Parts{.catalog = catalog_,
                                                   .places = places_,
                                                   .members = *members_,
                                                   .cache = cache_,
                                                   .workers = *workers_,
                                                   .deadline_ms = library.config().media_deadline_ms,
                                                   .profiles = {catalog_, library.config().previews}});
}

// Who waits for what is fetched goes on with the workers then.
ServedLibrary::~ServedLibrary() { places_.end(); }

std::string ServedLibrary::stats_json(const Stats& stats) {
  const auto totals = catalog_.reader()->totals();
  const auto renders = stills_->counters();
  const auto& runs = clips_->counters();
  const auto& unpacked = members_->counters();
  const auto pool = workers_->counters();
  const std::string passthrough = stats.passthrough();
  nlohmann::ordered_json json = {{"assets", totals.assets},
                                 {"copies", totals.copies},
                                 {"blobs", totals.blobs},
                                 {"original_bytes", totals.original_bytes},
                                 {"derived_cache_bytes", cache_.bytes()},
                                 {"renders_started", renders.started + runs.started + unpacked.started},
                                 {"renders_done", renders.done + runs.done + unpacked.done},
                                 {"renders_failed", renders.failed + runs.failed + unpacked.failed},
                                 {"worker_restarts", pool.restarts},
                                 {"workers_running", pool.workers_running},
                                 {"jobs_queued", pool.queued},
                                 {"requests", stats.requests()},
                                 {"errors", stats.errors()},
                                 {"late_replies", stats.late_replies()},
                                 {"cancelled_reads", stats.cancelled()},
                                 {"resident_bytes", resident_bytes()},
                                 {"passthrough", passthrough}};
  if (passthrough == "true") json["passthrough"] = true;
  return json.dump(2);
}

std::string ServedLibrary::status_json(const Path& mountpoint) {
  const nlohmann::ordered_json json = {{"library", library_.root().string()},
                                       {"mountpoint", mountpoint.string()},
                                       {"pid", ::getpid()},
                                       {"version", DAMFS_VERSION},
                                       {"read_only", false}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The text format that Prometheus reads.
std::string ServedLibrary::metrics(const Stats& stats) {
  std::string text;
  const auto json = nlohmann::json::parse(stats_json(stats));
  for (const auto& [name, value] : json.items()) {
    if (value.is_number()) text += fmt::format("damfs_{} {}\n", name, value.dump());
  }
  for (size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    text += fmt::format("damfs_requests_total{{op=\"{}\"}} {}\n", op_name(op), stats.requests(op));
  }
  return text;
}

std::unique_ptr<Tree> ServedLibrary::make_tree(const Stats& stats, const Path& mountpoint) {
  prober_ = std::make_unique<Prober>(Prober::Parts{.catalog = catalog_,
                                                   .places = places_,
                                                   .workers = *workers_,
                                                   .cache = &cache_,
                                                   .deadline_ms = library_.config().media_deadline_ms,
                                                   .charset = library_.config().pack_charset});
  std::vector<ControlFile> files;
  files.push_back({"status.json", 8192, [this, mountpoint] { return status_json(mountpoint); }});
  files.push_back({"stats.json", 4096, [this, &stats] { return stats_json(stats); }});
  files.push_back({"health", 64, [] { return std::string("ok\n"); }});
  files.push_back({"metrics", 8192, [this, &stats] { return metrics(stats); }});
  files.push_back({"version", 64, [] { return std::string(DAMFS_VERSION "\n"); }});
  return std::make_unique<Tree>(Tree::Options{.catalog = catalog_,
                                              .objects = objects_,
                                              .places = places_,
                                              .stills = *stills_,
                                              .clips = *clips_,
                                              .members = *members_,
                                              .control_files = std::move(files),
                                              .prober = prober_.get()});
}

}  // namespace damfs
