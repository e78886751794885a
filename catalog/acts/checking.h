// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "catalog/base/digest.h"
#include "catalog/ingest/verify.h"
#include "catalog/library/library.h"
#include "catalog/model/catalog.h"
#include "catalog/places/object_store.h"
#include "catalog/places/places.h"

namespace damfs {

struct VerifyProgress {
  int64_t objects = 0, all_objects = 0;
  int64_t bytes = 0, all_bytes = 0;
};

struct LibraryEvents {
  std::function<void(const std::string& reason)> bad_catalog;  // a sentence
  std::function<void(const Digest& sha256, const std::string& reason)> bad_object;
  std::function<void(const VerifyProgress&)> progress;
};

struct VerifiedLibrary {
  VerifyReport objects;
  int64_t all_objects = 0;  // that there are, read or not
  int64_t problems = 0;     // of the catalog and of objects
};

// Checks the catalog, and reads every object and proves it (verify_objects). The events come on this thread.
VerifiedLibrary verify_library(const Library& library, Catalog& catalog, ObjectStore& objects,
                               const LibraryEvents& events, const std::atomic<bool>& stop);

// An object that cannot be read as it should, as far as that is known without reading it.
struct FlawedObject {
  Digest sha256;
  std::string reason{};  // what was found damaged; empty: it is missing or of the wrong size
  int64_t found_ns = 0;  // with a reason: when
};
struct LookedAtObjects {
  int64_t objects = 0;
  int64_t missing = 0;  // or of the wrong size
};
LookedAtObjects look_at_objects(Reader& reader, const Places& places,
                                const std::function<void(const FlawedObject&)>& flawed);

// Has a worker look at a file of the library. Returns why it could not; empty: it did.
std::string worker_problem(const Library& library);

}  // namespace damfs
