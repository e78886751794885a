// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/model/catalog.h"
#include "catalog/model/read/reader.h"

namespace damfs {

// What could be purged.
struct Purgeable {
  int64_t asset = 0;
  int64_t version = 0;  // 0: the whole asset; else an older state of it
  std::string name;
  int64_t bytes = 0;           // of all its states that nothing else has
  std::string locked_until{};  // not before that date; empty: it is free
};

// Assets in the trash, or deleted out of it, since before `deleted_before_ns`.
std::vector<Purgeable> purgeable_trash(Reader& reader, int64_t deleted_before_ns);
// Purges what programs made and removed within a minute, before then; returns how many that were.
int64_t purge_hidden_trash(Catalog& catalog, int64_t deleted_before_ns);
// The older states of an asset.
std::vector<Purgeable> purgeable_versions(Reader& reader, int64_t asset);

}  // namespace damfs
