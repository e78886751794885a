// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catalog/model/read/reader.h"

namespace damfs {

// What does not hold in the catalog, a sentence each: SQLite's own integrity, foreign keys, and what the catalog
// stores twice (counts of names, of groups, of bytes). Reads all of it.
std::vector<std::string> check_catalog(Reader& reader);

struct DamagedRow {
  Digest sha256;
  std::string reason;
  int64_t found_ns = 0;
};
// What was found damaged and is not known to be whole again.
std::vector<DamagedRow> damaged_blobs(Reader& reader);

// Every blob that is kept as an object.
void each_object(Reader& reader, const std::function<void(const Digest& sha256, int64_t size)>& visit);

}  // namespace damfs
