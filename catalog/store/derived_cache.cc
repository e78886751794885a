// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/store/derived_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/db/database.h"

namespace damfs {
namespace {

constexpr size_t kTouchesKept = 256;

// Bookkeeping that fails (a full disk, a folder deleted this very moment) must not cost a reader the picture.
template <typename Work>
void tolerantly(const Work& work) {
  try {
    work();
  } catch (const std::exception& error) {
    log::info("the index of derived files: {}", error.what());
  }
}

int64_t allocated(const struct stat& st) { return static_cast<int64_t>(st.st_blocks) * 512; }

}  // namespace

std::string DerivedKey::text() const { return fmt::format("{}-{}-r{}", source.hex(), profile, recipe); }

// The index: derived/index.db. It is bookkeeping about what can be made again, so it is written without
// waiting for the disk, and a broken one is thrown away.
class DerivedCache::Index {
 public:
  explicit Index(const Path& folder) : folder_(folder) { open_or_renew(); }

  ~Index() {
    try {
      flush();
    } catch (const Error& error) {
      log::debug("derived index: {}", error.what());
    }
  }

  void touch(const std::string& key) {
    const std::lock_guard lock(mutex_);
    follow_file();
    touched_[key] = now_ns();
    if (touched_.size() >= kTouchesKept) flush();
  }

  void add(const std::string& key, const std::string& path, int64_t bytes) {
    const std::lock_guard lock(mutex_);
    follow_file();
    db::Statement before(*database_, "SELECT bytes FROM derived WHERE key = ?1");
    before.bind_all(std::string_view(key));
    if (before.step()) total_ -= before.integer(0);  // its file was deleted by hand meanwhile
    before.reset();
    db::Statement(*database_, "INSERT OR REPLACE INTO derived (key, path, bytes, used_ns) VALUES (?1, ?2, ?3, ?4)")
        .bind_all(std::string_view(key), std::string_view(path), bytes, now_ns())
        .run();
    total_ += bytes;
  }

  void drop(const std::string& key) {
    const std::lock_guard lock(mutex_);
    follow_file();
    db::Statement row(*database_, "DELETE FROM derived WHERE key = ?1 RETURNING bytes");
    row.bind_all(std::string_view(key));
    if (row.step()) total_ -= row.integer(0);
    row.run();
  }

  struct Victim {
    std::string key, path;
    int64_t bytes;
  };
  // The least recently used, enough of them that at most `target` bytes stay.
  std::vector<Victim> oldest_beyond(int64_t target) {
    const std::lock_guard lock(mutex_);
    follow_file();
    flush();
    total_ = database_->integer("SELECT sum(bytes) FROM derived");  // another process may have added
    std::vector<Victim> victims;
    int64_t left = total_;
    db::Statement rows(*database_, "SELECT key, path, bytes FROM derived ORDER BY used_ns, key");
    while (left > target && rows.step()) {
      victims.push_back({std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2)});
      left -= rows.integer(2);
    }
    return victims;
  }

  void set_failure(const std::string& key, const std::optional<std::string>& reason) {
    const std::lock_guard lock(mutex_);
    follow_file();
    if (reason) {
      db::Statement(*database_, "INSERT OR REPLACE INTO failure (key, reason, at_ns) VALUES (?1, ?2, ?3)")
          .bind_all(std::string_view(key), std::string_view(*reason), now_ns())
          .run();
    } else {
      db::Statement(*database_, "DELETE FROM failure WHERE key = ?1").bind_all(std::string_view(key)).run();
    }
  }

  std::optional<std::string> failure(const std::string& key) {
    const std::lock_guard lock(mutex_);
    follow_file();
    db::Statement row(*database_, "SELECT reason FROM failure WHERE key = ?1");
    row.bind_all(std::string_view(key));
    if (!row.step()) return std::nullopt;
    return std::string(row.text(0));
  }

  int64_t total() const { return total_; }

 private:
  Path file() const { return folder_ / "index.db"; }

  void open_or_renew() {
    try {
      open();
    } catch (const Error& error) {
      log::warning("the index of {} is unusable and is made anew: {}", folder_.string(), error.what());
      remove_files();
      open();
    }
  }

  void remove_files() {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::error_code ignored;
      std::filesystem::remove(file().string() + suffix, ignored);
    }
  }

  // Somebody may delete the index, or all of derived/, at any time: then the connection leads to a file that
  // nobody else will ever see.
  void follow_file() {
    const auto now = stat_path(file());
    if (now && now->st_ino == inode_) return;
    database_.reset();
    touched_.clear();
    std::filesystem::create_directories(folder_);
    // What lies beside a deleted database belongs to it; SQLite must not apply it to the new one.
    if (!now) remove_files();
    open_or_renew();
  }

  void open() {
    const bool fresh = !stat_path(file());
    database_ = std::make_unique<db::Database>(file(), db::Database::Mode::kCreate);
    database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024");
    database_->execute(
        "CREATE TABLE IF NOT EXISTS derived (key TEXT PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, "
        "used_ns INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS derived_by_use ON derived (used_ns, key);"
        "CREATE TABLE IF NOT EXISTS failure (key TEXT PRIMARY KEY, reason TEXT NOT NULL, at_ns INTEGER NOT NULL) "
        "WITHOUT ROWID");
    if (fresh) adopt_files();
    const auto opened = stat_path(file());
    inode_ = opened ? opened->st_ino : 0;
    total_ = database_->integer("SELECT sum(bytes) FROM derived");
  }

  // A deleted index leaves files that nobody would ever evict.
  void adopt_files() {
    db::Transaction transaction(*database_);
    db::Statement insert(*database_,
                         "INSERT OR REPLACE INTO derived (key, path, bytes, used_ns) VALUES (?1, ?2, ?3, ?4)");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".webp") continue;
      const auto st = lstat_path(entry.path());
      if (!st) continue;
      insert.bind_all(std::string_view(entry.path().stem().native()),
                      std::string_view(entry.path().lexically_relative(folder_).native()), allocated(*st),
                      to_ns(st->st_mtim));
      insert.run();
    }
    transaction.commit();
  }

  void flush() {
    if (touched_.empty()) return;
    db::Transaction transaction(*database_);
    db::Statement update(*database_, "UPDATE derived SET used_ns = ?2 WHERE key = ?1");
    for (const auto& [key, used_ns] : touched_) {
      update.bind_all(std::string_view(key), used_ns);
      update.run();
    }
    transaction.commit();
    touched_.clear();
  }

  const Path folder_;
  std::mutex mutex_;
  std::unique_ptr<db::Database> database_;
  ino_t inode_ = 0;  // of the file that database_ has open
  std::map<std::string, int64_t> touched_;
  std::atomic<int64_t> total_{0};
};

DerivedCache::DerivedCache(Path folder, int64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes), index_(std::make_unique<Index>(folder_)) {}
DerivedCache::~DerivedCache() = default;

Path DerivedCache::path_of(const DerivedKey& key) const {
  const std::string text = key.text();
  return folder_ / key.profile / text.substr(0, 2) / (text + ".webp");
}

std::optional<UniqueFd> DerivedCache::open(const DerivedKey& key) {
  auto fd = open_existing(path_of(key), O_RDONLY);
  if (fd) {
    tolerantly([&] { index_->touch(key.text()); });
  }
  return fd;
}

UniqueFd DerivedCache::stage() {
  const int fd = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
  if (fd >= 0) return UniqueFd(fd);
  if (errno == ENOENT) {
    std::filesystem::create_directories(folder_);
    return open_file(folder_, O_TMPFILE | O_RDWR, 0644);
  }
  throw_errno(errno, "cannot write in " + folder_.string());
}

void DerivedCache::sync() {
  const auto folder = open_existing(folder_, O_RDONLY | O_DIRECTORY);
  if (folder && ::syncfs(folder->get()) != 0) throw_errno(errno, "cannot write " + folder_.string() + " to its disk");
}

void DerivedCache::insert(const DerivedKey& key, int staged) {
  const Path path = path_of(key);
  const std::string from = fmt::format("/proc/self/fd/{}", staged);
  for (int attempt = 0;; ++attempt) {
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) break;
    if (errno == EEXIST) {
      // The same key is the same size for ever: another one is what a power cut or somebody's hand left.
      const auto there = stat_path(path);
      if (!there || there->st_size == stat_fd(staged, path).st_size || attempt > 0) return;
      ::unlink(path.c_str());
      continue;
    }
    if (errno != ENOENT || attempt > 0) throw_errno(errno, "cannot keep " + path.string());
    std::filesystem::create_directories(path.parent_path());
  }
  tolerantly([&] {
    // Relative, for a library may be moved.
    index_->add(key.text(), path.lexically_relative(folder_).native(), allocated(stat_fd(staged, path)));
    if (index_->total() > max_bytes_) evict();
  });
}

void DerivedCache::evict() {
  // A tenth more than needed, so that the next file does not start this again.
  for (const auto& victim : index_->oldest_beyond(max_bytes_ - max_bytes_ / 10)) {
    std::error_code ignored;
    std::filesystem::remove(folder_ / victim.path, ignored);
    index_->drop(victim.key);
  }
}

void DerivedCache::remember_failure(const DerivedKey& key, const std::string& reason) {
  tolerantly([&] { index_->set_failure(key.text(), reason); });
}

std::optional<std::string> DerivedCache::failure(const DerivedKey& key) {
  std::optional<std::string> reason;
  tolerantly([&] { reason = index_->failure(key.text()); });
  return reason;
}

void DerivedCache::forget_failure(const DerivedKey& key) {
  tolerantly([&] { index_->set_failure(key.text(), std::nullopt); });
}

int64_t DerivedCache::bytes() const { return index_->total(); }

}  // namespace damfs
