// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "catalog/derived/derived_cache.h"
#include "catalog/ingest/prober.h"
#include "catalog/library/library.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/places/object_store.h"
#include "catalog/places/places.h"
#include "views/derive/clips.h"
#include "views/derive/members.h"
#include "views/derive/stills.h"
#include "views/frame/tree.h"

namespace damfs {

// Whoever takes a library's requests, and what .damfs/ tells of that. Called on the threads that read there.
struct ServedBy {
  std::function<nlohmann::ordered_json()> where;    // of status.json: how it is reached
  std::function<nlohmann::ordered_json()> numbers;  // of stats.json, and as far as they are numbers of metrics
  std::function<std::string()> metrics;             // more lines in the text format that Prometheus reads
};

// A library with everything that serves its bytes, to whoever asks for them: what a mount, a warm-up and an export
// stand on. Its parts end in the right order: the workers last but for what their answers still touch.
class ServedLibrary {
 public:
  // `workers` 0: as many as the library's settings say.
  explicit ServedLibrary(const Library& library, unsigned workers = 0);
  ~ServedLibrary();

  // Somebody is about to look at it: a player asks for sound and pictures at once.
  void expect_readers() { workers_->make_ready(library_.config().media_ready_workers); }

  const Library& library() const { return library_; }
  Catalog& catalog() { return catalog_; }
  Places& places() { return places_; }
  Stills& stills() { return *stills_; }
  Clips& clips() { return *clips_; }
  DerivedCache& cache() { return cache_; }
  unsigned workers() const { return workers_->size(); }  // at the most

  // The whole tree, its .damfs/ filled from here and from `by`. Looks, by and by, at what was written.
  std::unique_ptr<Tree> make_tree(const ServedBy& by);

 private:
  nlohmann::ordered_json stats(const ServedBy& by);
  std::string status_json(const ServedBy& by);
  std::string metrics(const ServedBy& by);

  Library library_;
  Catalog catalog_;
  ObjectStore objects_;
  Places places_;
  DerivedCache cache_;
  std::unique_ptr<Clips> clips_;  // these three are made after the pool, and destroyed after it
  std::unique_ptr<Members> members_;
  std::unique_ptr<Stills> stills_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<Prober> prober_;
};

}  // namespace damfs
