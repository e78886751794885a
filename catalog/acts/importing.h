// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/ingest/import.h"
#include "catalog/ingest/refresh.h"
#include "catalog/library/library.h"
#include "catalog/model/catalog.h"
#include "catalog/places/object_store.h"
#include "catalog/places/places.h"

namespace damfs {

// What of a library's settings an import need not be told.
struct ToImport {
  std::vector<Path> paths;
  std::string into{};  // folder below originals/, as people write it
  std::string what{};  // as the journal calls it
  std::vector<std::string> tags{}, albums{};
  bool dry_run = false;
  bool skip_known = false;
  bool hash_members = false;
  std::string encoding{};  // of names in archives; empty: the library's
  unsigned threads = 0;    // that read and hash; 0: one a core
};

// The right to add files to a library, or to look at them once more: one process at a time has it.
class Importing {
 public:
  // EBUSY while another one has it. What imports that were killed left in staging/ goes.
  explicit Importing(const Library& library);

  Catalog& catalog() { return catalog_; }

  // EINVAL or ENOTSUP before anything is read, for a folder, tag, album or encoding that cannot be. `progress` comes
  // ten times a second, on a thread of its own, and none after it returned.
  ImportReport import(const ToImport& wanted, const ImportEvents& events,
                      const std::function<void(const ImportProgress&)>& progress, const std::atomic<bool>& stop);
  // `options.charset` as people write it.
  RefreshReport refresh(RefreshOptions options, const std::function<void(int64_t done, int64_t total)>& progress,
                        const std::atomic<bool>& stop);

 private:
  const Library library_;
  const FileLock lock_;
  const FileLock objects_lock_;
  Catalog catalog_;
  ObjectStore store_;
  Places places_;
};

// The one name of an encoding of names in archives, however it was written; "" stays so. EINVAL for none that is known,
// ENOTSUP for one that this system has no tables of: none of the workers could say it.
std::string checked_charset(const std::string& encoding);

}  // namespace damfs
