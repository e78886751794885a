// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/whole.h"

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"

namespace damfs {

UniqueFd open_whole(Catalog& catalog, const ObjectStore& objects, const Digest& sha256, std::string_view name) {
  if (const auto reason = catalog.reader()->damage(sha256))
    fail(EIO, "{}: {}; see `damfs doctor`", printable(name), *reason);
  auto object = objects.open(sha256);
  if (!object) fail(EIO, "the bytes of {} are missing from the library; see `damfs doctor`", printable(name));
  return std::move(*object);
}

bool is_kept(Catalog& catalog, const Digest& sha256) {
  const auto reader = catalog.reader();
  return reader->has_blob(sha256) && !reader->damage(sha256);
}

void heal_when_added(Catalog& catalog, ObjectStore& objects) {
  objects.on_added([&catalog](const Digest& sha256) {
    if (catalog.reader()->damage(sha256)) catalog.write([&](Writer& writer) { writer.mark_whole(sha256); });
  });
}

}  // namespace damfs
