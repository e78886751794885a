// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/verify.h"

#include "catalog/derived/derived_cache.h"
#include "catalog/model/catalog.h"
#include "catalog/model/read/check.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"

namespace damfs {
namespace {

// Somebody may put good bytes there while the bad ones are read: what is written down is of the file that is there.
std::optional<ObjectStore::Flaw> settle_flaw(Catalog& catalog, ObjectStore& objects, const Digest& sha256) {
  for (;;) {
    auto flaw = objects.find_flaw(sha256);
    if (!flaw) return std::nullopt;
    bool is_settled = false;
    catalog.write([&](Writer& writer) {
      is_settled = objects.is_still(sha256, *flaw);
      if (is_settled) writer.mark_damaged(sha256, flaw->reason);
    });
    if (is_settled) return flaw;
  }
}

}  // namespace

VerifyReport verify_objects(Catalog& catalog, ObjectStore& objects, DerivedCache& cache, const VerifyEvents& events,
                            const std::atomic<bool>& stop) {
  VerifyReport report;
  const auto reader = catalog.reader();
  each_object(*reader, [&](const Digest& sha256, int64_t size) {
    if (stop) return;
    if (const auto flaw = settle_flaw(catalog, objects, sha256)) {
      ++report.bad;
      cache.remove_all_of(sha256);
      events.bad(sha256, flaw->reason);
    } else if (catalog.reader()->damage(sha256)) {
      catalog.write([&](Writer& writer) { writer.mark_whole(sha256); });
      ++report.healed;
    }
    ++report.objects;
    report.bytes += size;
    events.progress(report);
  });
  report.stopped = stop;
  return report;
}

}  // namespace damfs
