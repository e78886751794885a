// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/digest.h"
#include "catalog/media/charsets.h"
#include "catalog/media/facts.h"

namespace damfs {

class DerivedCache;
class Places;
class WorkerPool;

// An object to be looked at.
struct ToProbe {
  Digest sha256;
  std::string label;  // a hint for the probe
  int64_t size = 0;
  std::string charset{kAutoCharset};  // ToLook's
  bool hash_members = false;
  std::optional<MediaFacts> facts{};  // what was found; empty: it could not be looked at now
};

// Who looks, and where what is found besides facts is kept (ingest/look.h).
struct ProbeParts {
  Places& places;
  WorkerPool& workers;
  DerivedCache* cache = nullptr;
  int64_t deadline_ms = 0;
  std::string charset{kAutoCharset};  // the library's setting
};

// Probes all of them and waits.
void probe_all(std::vector<ToProbe>& batch, const ProbeParts& parts);

}  // namespace damfs
