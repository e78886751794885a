// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/purge.h"

#include <cerrno>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/library/mounts.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

void add_to(ToPurge& all, std::vector<Purgeable> found) {
  for (Purgeable& each : found) {
    auto& part = each.locked_until.empty() ? all.free : all.locked;
    part.push_back(std::move(each));
  }
}

std::vector<ObjectStore::Found> unnamed_objects(const ObjectStore& objects, Reader& reader) {
  std::vector<ObjectStore::Found> found;
  objects.each([&](const ObjectStore::Found& object) {
    if (!reader.has_blob(object.sha256)) found.push_back(object);
  });
  return found;
}

void refuse_while_mounted(const Library& library) {
  if (const auto where = mounted_at(library)) {
    fail(EBUSY, "{} is mounted at {}, where somebody may be writing; unmount it first", library.root().string(),
         where->string());
  }
}

// While somebody thought about the answer, others may have given these bytes a name: so only now they are looked for,
// with nobody about who could, and each is asked for once more within the transaction in which it goes.
int64_t bury_unnamed(const Library& library, Catalog& catalog, ObjectStore& objects) {
  const auto alone = FileLock::try_take(library.objects_lock());
  if (!alone) {
    refuse_while_mounted(library);
    fail(EBUSY, "somebody is adding to {}; try again when that is done", library.root().string());
  }
  const std::vector<ObjectStore::Found> unnamed = unnamed_objects(objects, *catalog.reader());
  int64_t freed = 0;
  catalog.write(WriteRequest{.frees_room = true}, [&](Writer&) {
    const auto reader = catalog.reader();
    for (const ObjectStore::Found& each : unnamed) {
      if (reader->has_blob(each.sha256)) continue;
      objects.bury(each.sha256);
      freed += each.bytes;
    }
  });
  return freed;
}

}  // namespace

int64_t ToPurge::bytes() const {
  int64_t sum = 0;
  for (const Purgeable& each : free) sum += each.bytes;
  return sum;
}

ToPurge trash_to_purge(Reader& reader, int64_t deleted_before_ns) {
  ToPurge all;
  add_to(all, purgeable_trash(reader, deleted_before_ns));
  return all;
}

ToPurge versions_to_purge(Reader& reader, const std::vector<int64_t>& assets) {
  ToPurge all;
  for (const int64_t asset : assets) add_to(all, purgeable_versions(reader, asset));
  return all;
}

void purge(Catalog& catalog, const std::vector<Purgeable>& wanted) {
  catalog.write(WriteRequest{.frees_room = true}, [&](Writer& writer) {
    for (const Purgeable& each : wanted) {
      if (each.version == 0) {
        writer.purge_asset(each.asset);
      } else {
        writer.purge_version(each.version);
      }
    }
    writer.forget_purged_sources();
  });
}

ToFree objects_to_free(const Library& library, Catalog& catalog, const ObjectStore& objects) {
  refuse_while_mounted(library);
  ToFree all;
  for (const ObjectStore::Found& each : unnamed_objects(objects, *catalog.reader())) {
    ++all.objects;
    all.bytes += each.bytes;
  }
  return all;
}

int64_t free_objects(const Library& library, Catalog& catalog, ObjectStore& objects) {
  const auto lock = FileLock::try_take(library.import_lock());
  if (!lock) fail(EBUSY, "an import is running; try again when it is done");
  const int64_t freed = bury_unnamed(library, catalog, objects);
  objects.remove_leftovers();
  return freed;
}

}  // namespace damfs
