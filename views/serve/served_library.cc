// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/serve/served_library.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

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

// In the vocabulary that `damfs status --json` shares.
nlohmann::ordered_json ServedLibrary::stats(const ServedBy& by) {
  const auto totals = catalog_.reader()->totals();
  const auto renders = stills_->counters();
  const auto& runs = clips_->counters();
  const auto& unpacked = members_->counters();
  const auto pool = workers_->counters();
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
                                 {"jobs_queued", pool.queued}};
  json.update(by.numbers());
  return json;
}

std::string ServedLibrary::status_json(const ServedBy& by) {
  nlohmann::ordered_json json = {{"library", library_.root().string()}};
  json.update(by.where());
  json.update({{"pid", ::getpid()}, {"version", DAMFS_VERSION}, {"read_only", false}});
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ServedLibrary::metrics(const ServedBy& by) {
  std::string text;
  const nlohmann::ordered_json numbers = stats(by);
  for (const auto& [name, value] : numbers.items()) {
    if (value.is_number()) text += fmt::format("damfs_{} {}\n", name, value.dump());
  }
  return text + by.metrics();
}

std::unique_ptr<Tree> ServedLibrary::make_tree(const ServedBy& by) {
  prober_ = std::make_unique<Prober>(Prober::Parts{.catalog = catalog_,
                                                   .places = places_,
                                                   .workers = *workers_,
                                                   .cache = &cache_,
                                                   .deadline_ms = library_.config().media_deadline_ms,
                                                   .charset = library_.config().pack_charset});
  std::vector<ControlFile> files;
  files.push_back({"status.json", 8192, [this, by] { return status_json(by); }});
  files.push_back({"stats.json", 4096, [this, by] { return stats(by).dump(2); }});
  files.push_back({"health", 64, [] { return std::string("ok\n"); }});
  files.push_back({"metrics", 8192, [this, by] { return metrics(by); }});
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
