// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/media/charsets.h"

namespace damfs {

class Catalog;
class DerivedCache;
class ObjectStore;
class Places;
class WorkerPool;

struct ImportOptions {
  std::vector<Path> paths;
  std::string into;               // folder below originals/ that the files go under, "" for its top
  std::string what = "import";    // as the journal calls it
  std::vector<std::string> tags;  // for every file of this run, also those known already
  std::vector<std::string> albums;
  bool dry_run = false;               // look, but read and write nothing
  bool skip_known = false;            // make nothing of bytes that an asset holds already
  unsigned threads = 0;               // that read and hash; 0: one a core
  bool hash_members = false;          // of archives
  std::string charset{kAutoCharset};  // of names in archives (ToLook)
  int64_t probe_deadline_ms = 30'000;
};

// Grows while an import runs; read it from any thread.
struct ImportProgress {
  std::atomic<int64_t> found_files{0};
  std::atomic<int64_t> found_bytes{0};
  std::atomic<bool> walk_done{false};
  std::atomic<int64_t> read_bytes{0};
  std::atomic<int64_t> done_files{0};
  std::atomic<int64_t> done_bytes{0};
};

struct ImportReport {
  int64_t files = 0;  // met on the walk
  int64_t new_assets = 0;
  int64_t copies = 0;        // of the new assets: those with bytes that are there already
  int64_t brought_back = 0;  // out of the trash
  int64_t new_versions = 0;
  int64_t known = 0;      // read, and found to be there already under that name
  int64_t unchanged = 0;  // not even read: as they were at the last import
  int64_t healed = 0;     // of those read: the library had lost their bytes, and has them again
  int64_t failed = 0;
  int64_t skipped = 0;
  int64_t bytes = 0;     // read
  bool stopped = false;  // by `stop`; the next run carries on
};

struct ImportEvents {
  std::function<void(const Path&, const std::string& reason)> failed;  // from any thread, one at a time
  std::function<void(const Path&, const std::string& reason)> skipped;
  std::function<void(const Path&, const std::string& reason)> unheard =
      {};  // a sidecar, which is taken in all the same
};

// Imports files into a library: walk → read, hash and store on all cores → probe in the workers → catalog in
// batches, in the order of the walk. A batch is acknowledged only when its bytes and then its rows are on the
// disk (law 6); whatever moment it is killed at, the next run carries on.
class Import {
 public:
  struct Parts {
    Catalog& catalog;
    ObjectStore& store;
    Places& places;
    WorkerPool& workers;
    DerivedCache* cache = nullptr;  // where archives' indices are kept
  };
  Import(Parts parts, ImportOptions options, ImportEvents events);
  ~Import();

  // Throws Error for what ends the whole import, such as a full disk (ENOSPC); one bad file does not.
  ImportReport run(const std::atomic<bool>& stop);
  const ImportProgress& progress() const;

 private:
  class Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace damfs
