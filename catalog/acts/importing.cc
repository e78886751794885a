// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/importing.h"

#include <iconv.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/now.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/ingest/probe_batch.h"
#include "catalog/media/charsets.h"
#include "catalog/media/pool/worker_pool.h"

namespace damfs {
namespace {

// Calls `work` ten times a second until it is destroyed.
class Ticker {
 public:
  explicit Ticker(std::function<void()> work)
      : thread_([this, work = std::move(work)] {
          std::unique_lock lock(mutex_);
          while (!Clock::wait_for(ended_, lock, std::chrono::milliseconds(100), [this] { return end_; })) work();
        }) {}
  ~Ticker() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

// "a//b/" → "a/b"; refuses what would leave originals/.
std::string clean_folder(const std::string& path) {
  std::string clean;
  for (const auto& part : Path(path)) {
    const std::string name = part.string();
    if (name.empty() || name == "." || name == "/") continue;
    clean += (clean.empty() ? "" : "/") + std::string(EntryName(name).view());
  }
  return clean;
}

// Before anything is read, not at the first commit.
void check_group_names(const std::vector<std::string>& names, const char* noun) {
  for (const std::string& name : names) {
    const std::string fenced = "/" + name + "/";
    if (fenced.find("//") != std::string::npos) {
      fail(EINVAL, "the {} '{}' has an empty part; write it as a/b", noun, printable(name));
    }
  }
}

FileLock import_lock(const Library& library) {
  auto lock = FileLock::try_take(library.import_lock());
  if (!lock) fail(EBUSY, "another import into {} is running; wait for it", library.root().string());
  return std::move(*lock);
}

}  // namespace

std::string checked_charset(const std::string& encoding) {
  if (encoding.empty()) return {};
  const std::string name = charset_name(encoding);
  const Charset* charset = find_charset(name);
  if (charset == nullptr) return name;
  iconv_t converter = ::iconv_open("UTF-8", charset->iconv_name);
  if (converter == reinterpret_cast<iconv_t>(-1)) fail(ENOTSUP, "this system has no tables of the encoding '{}'", name);
  ::iconv_close(converter);
  return name;
}

Importing::Importing(const Library& library)
    : library_(library),
      lock_(import_lock(library)),
      objects_lock_(FileLock::share(library.objects_lock(), library.being_freed())),
      catalog_(library.catalog()),
      store_(library.objects(), library.staging()),
      places_(store_) {
  store_.remove_leftovers();
}

ImportReport Importing::import(const ToImport& wanted, const ImportEvents& events,
                               const std::function<void(const ImportProgress&)>& progress,
                               const std::atomic<bool>& stop) {
  check_group_names(wanted.tags, "tag");
  check_group_names(wanted.albums, "album");
  const Config& config = library_.config();
  ImportOptions options;
  options.paths = wanted.paths;
  options.into = clean_folder(wanted.into);
  options.what = wanted.what;
  options.tags = wanted.tags;
  options.albums = wanted.albums;
  options.dry_run = wanted.dry_run;
  options.skip_known = wanted.skip_known;
  options.threads = wanted.threads;
  options.hash_members = wanted.hash_members;
  options.charset = wanted.encoding.empty() ? config.pack_charset : checked_charset(wanted.encoding);
  options.probe_deadline_ms = config.media_deadline_ms;
  DerivedCache cache(library_.derived(), config.derived_max_bytes);
  WorkerPool workers({.program = {}, .workers = config.media_workers});
  Import import({catalog_, store_, places_, workers, &cache}, std::move(options), events);
  const Ticker ticker([&] { progress(import.progress()); });
  return import.run(stop);
}

RefreshReport Importing::refresh(RefreshOptions options,
                                 const std::function<void(int64_t done, int64_t total)>& progress,
                                 const std::atomic<bool>& stop) {
  options.charset = checked_charset(options.charset);
  const Config& config = library_.config();
  DerivedCache cache(library_.derived(), config.derived_max_bytes);
  WorkerPool workers({.program = {}, .workers = config.media_workers});
  return refresh_facts(catalog_, {places_, workers, &cache, config.media_deadline_ms, config.pack_charset}, options,
                       progress, stop);
}

}  // namespace damfs
