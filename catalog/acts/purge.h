// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/library/library.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/purge.h"
#include "catalog/places/object_store.h"

namespace damfs {

// The only acts that lose something. Both are two calls, so that whoever asked is told what it is about in between.

// What is asked to be forgotten, parted by whether it may be.
struct ToPurge {
  std::vector<Purgeable> free, locked;
  int64_t bytes() const;  // of what is free
};
// What is in the trash, or was taken out of it, since before then.
ToPurge trash_to_purge(Reader& reader, int64_t deleted_before_ns);
// The older versions of these assets.
ToPurge versions_to_purge(Reader& reader, const std::vector<int64_t>& assets);

// For good; no act of the journal, for it cannot be taken back. What came back out of the trash meanwhile stays.
void purge(Catalog& catalog, const std::vector<Purgeable>& wanted);

// Objects that nothing names any more. EBUSY while the library is mounted.
struct ToFree {
  int64_t objects = 0;
  int64_t bytes = 0;
};
ToFree objects_to_free(const Library& library, Catalog& catalog, const ObjectStore& objects);
// Frees them, as far as nothing has named them since; the bytes that are free now. EBUSY while the library is mounted
// or somebody is adding to it.
int64_t free_objects(const Library& library, Catalog& catalog, ObjectStore& objects);

}  // namespace damfs
