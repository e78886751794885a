// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/whole.h"

#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"

namespace damfs {

namespace {

void require_undamaged(Catalog& catalog, const Digest& sha256, std::string_view name) {
  if (const auto reason = catalog.reader()->damage(sha256))
    fail(EIO, "{}: {}; see `damfs doctor`", printable(name), *reason);
}

[[noreturn]] void fail_missing(std::string_view name) {
  fail(EIO, "the bytes of {} are missing from the library; see `damfs doctor`", printable(name));
}

}  // namespace

OpenedBlob open_whole(Catalog& catalog, Places& places, const Digest& sha256, std::string_view name) {
  require_undamaged(catalog, sha256, name);
  auto opened = places.open(sha256);
  if (!opened) fail_missing(name);
  return std::move(*opened);
}

void with_whole(Catalog& catalog, Places& places, const Digest& sha256, std::string_view name, Places::Then then,
                Places::Failed failed) {
  OpenedBlob opened = open_whole(catalog, places, sha256, name);
  if (opened.file) return then(std::move(opened.file));
  places.fetch(sha256, std::move(then), std::move(failed));
}

UniqueFd wait_for_whole(Catalog& catalog, Places& places, const Digest& sha256, std::string_view name) {
  require_undamaged(catalog, sha256, name);
  auto file = places.wait_for(sha256);
  if (!file) fail_missing(name);
  return std::move(*file);
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
