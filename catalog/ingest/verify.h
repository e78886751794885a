// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "catalog/base/digest.h"

namespace damfs {

class Catalog;
class DerivedCache;
class ObjectStore;

struct VerifyReport {
  int64_t objects = 0;
  int64_t bytes = 0;
  int64_t bad = 0;
  int64_t healed = 0;  // known to be damaged, and found to be whole
  bool stopped = false;
};

struct VerifyEvents {
  std::function<void(const Digest& sha256, const std::string& reason)> bad;
  std::function<void(const VerifyReport& so_far)> progress;
};

// Reads every object and proves it by its SHA-256. What is found is written into the catalog: reads of what is damaged
// fail from then on with the reason, in running mounts too, and those of what is whole again do not. What was derived
// from it may have been made of the damaged bytes and goes.
VerifyReport verify_objects(Catalog& catalog, ObjectStore& objects, DerivedCache& cache, const VerifyEvents& events,
                            const std::atomic<bool>& stop);

}  // namespace damfs
