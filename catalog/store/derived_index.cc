// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/store/derived_index.h"

#include <cerrno>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/out_of_room.h"
#include "catalog/db/database.h"
#include "catalog/store/derived_key.h"

namespace damfs {
namespace {

constexpr size_t kTouchesKept = 256;
constexpr int64_t kFormat = 1;  // user_version; an index of another one is made anew

}  // namespace

DerivedIndex::DerivedIndex(Path folder) : folder_(std::move(folder)) { open_or_renew(); }

DerivedIndex::~DerivedIndex() {
  try {
    flush();
  } catch (const Error& error) {
    log::debug("derived index: {}", error.what());
  }
}

// Each use of the database goes through here: it may have been deleted or damaged since the last one.
template <typename Work>
auto DerivedIndex::with_database(const Work& work) {
  const std::lock_guard lock(mutex_);
  follow_file();
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != EUCLEAN) throw;
  }
  renew("damaged");
  return work();
}

void DerivedIndex::touch(const std::string& key) {
  with_database([&] {
    touched_[key] = now_ns();
    if (touched_.size() >= kTouchesKept) flush();
  });
}

void DerivedIndex::add(const std::string& key, const std::string& path, int64_t bytes) {
  with_database([&] {
    db::Statement before(*database_, "SELECT bytes FROM derived WHERE key = ?1");
    before.bind_all(std::string_view(key));
    if (before.step()) total_ -= before.integer(0);
    before.reset();
    db::Statement(*database_, "INSERT OR REPLACE INTO derived (key, path, bytes, used_ns) VALUES (?1, ?2, ?3, ?4)")
        .bind_all(std::string_view(key), std::string_view(path), bytes, now_ns())
        .run();
    total_ += bytes;
  });
}

void DerivedIndex::drop(const std::string& key) {
  with_database([&] {
    db::Statement row(*database_, "DELETE FROM derived WHERE key = ?1 RETURNING bytes");
    row.bind_all(std::string_view(key));
    if (row.step()) total_ -= row.integer(0);
    row.run();
  });
}

std::vector<DerivedIndex::File> DerivedIndex::oldest_beyond(int64_t target,
                                                            const std::function<bool(const std::string& key)>& keep) {
  return with_database([&] {
    try {
      flush();
    } catch (const Error& error) {
      if (!is_out_of_room(error.code())) throw;  // a full disk is what may be evicted for
    }
    total_ = database_->integer("SELECT sum(bytes) FROM derived");  // another process may have added
    std::vector<File> files;
    int64_t left = total_;
    db::Statement rows(*database_, "SELECT key, path, bytes FROM derived ORDER BY used_ns, key");
    while (left > target && rows.step()) {
      File file{std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2)};
      if (keep(file.key)) continue;
      left -= file.bytes;
      files.push_back(std::move(file));
    }
    return files;
  });
}

void DerivedIndex::set_failure(const std::string& key, const std::optional<std::string>& reason) {
  with_database([&] {
    if (reason) {
      db::Statement(*database_, "INSERT OR REPLACE INTO failure (key, reason, at_ns) VALUES (?1, ?2, ?3)")
          .bind_all(std::string_view(key), std::string_view(*reason), now_ns())
          .run();
    } else {
      db::Statement(*database_, "DELETE FROM failure WHERE key = ?1").bind_all(std::string_view(key)).run();
    }
  });
}

std::optional<std::string> DerivedIndex::failure(const std::string& key) {
  return with_database([&]() -> std::optional<std::string> {
    db::Statement row(*database_, "SELECT reason FROM failure WHERE key = ?1");
    row.bind_all(std::string_view(key));
    if (!row.step()) return std::nullopt;
    return std::string(row.text(0));
  });
}

std::vector<std::string> DerivedIndex::keys_that_begin_with(const std::string& text) {
  return with_database([&] {
    std::vector<std::string> out;
    db::Statement rows(
        *database_,
        "SELECT key FROM derived WHERE key >= ?1 AND key < ?2 UNION SELECT key FROM failure WHERE key >= "
        "?1 AND key < ?2 ORDER BY key");
    const std::string end = text + '\x7f';
    rows.bind_all(std::string_view(text), std::string_view(end));
    while (rows.step()) out.emplace_back(rows.text(0));
    return out;
  });
}

std::vector<DerivedIndex::Failure> DerivedIndex::failures() {
  return with_database([&] {
    std::vector<Failure> out;
    db::Statement rows(*database_, "SELECT key, reason, at_ns FROM failure ORDER BY at_ns DESC, key");
    while (rows.step()) out.push_back({std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2)});
    return out;
  });
}

// Somebody may delete the index, or all of derived/, at any time: then the connection leads to a file that
// nobody else will ever see.
void DerivedIndex::follow_file() {
  const auto now = stat_path(file());
  if (now && now->st_ino == inode_ && database_) return;
  database_.reset();
  touched_.clear();
  std::filesystem::create_directories(folder_);
  // What lies beside a deleted database belongs to it; SQLite must not apply it to the new one.
  if (!now) remove_files();
  open_or_renew();
}

void DerivedIndex::open_or_renew() {
  try {
    open();
  } catch (const Error& error) {
    renew(error.code() == EUCLEAN ? "damaged" : error.what());
  }
}

// The reason is not passed on as the database words it, for that speaks of catalogs and backups.
void DerivedIndex::renew(const std::string& why) {
  log::warning("the index of the derived files in {} is {}; it is made anew from the files, nothing is lost",
               folder_.string(), why);
  database_.reset();
  remove_files();
  open();
}

void DerivedIndex::remove_files() {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(file().string() + suffix, ignored);
  }
}

void DerivedIndex::open() {
  database_ = std::make_unique<db::Database>(file(), db::Database::Mode::kCreate);
  database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024");
  {
    // Locked from the first look on: two programs may find it missing at once.
    db::Transaction transaction(*database_);
    if (database_->integer("PRAGMA user_version") != kFormat) {
      database_->execute(
          "DROP TABLE IF EXISTS derived; DROP TABLE IF EXISTS failure;"
          "CREATE TABLE derived (key TEXT PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, "
          "used_ns INTEGER NOT NULL) WITHOUT ROWID;"
          "CREATE INDEX derived_by_use ON derived (used_ns, key);"
          "CREATE TABLE failure (key TEXT PRIMARY KEY, reason TEXT NOT NULL, at_ns INTEGER NOT NULL) WITHOUT ROWID");
      adopt_files();
      database_->execute(fmt::format("PRAGMA user_version = {}", kFormat));
    }
    transaction.commit();
  }
  const auto opened = stat_path(file());
  inode_ = opened ? opened->st_ino : 0;
  total_ = database_->integer("SELECT sum(bytes) FROM derived");
}

// A deleted index leaves files that nobody would ever evict. The cache's own are known by their names; an ending is
// what names had in libraries of former versions.
void DerivedIndex::adopt_files() {
  db::Statement insert(*database_,
                       "INSERT OR REPLACE INTO derived (key, path, bytes, used_ns) VALUES (?1, ?2, ?3, ?4)");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file() || !DerivedKey::parse(entry.path().stem().native())) continue;
    const auto st = lstat_path(entry.path());
    if (!st) continue;
    insert.bind_all(std::string_view(entry.path().filename().native()),
                    std::string_view(entry.path().lexically_relative(folder_).native()),
                    static_cast<int64_t>(st->st_blocks) * 512, to_ns(st->st_mtim));
    insert.run();
  }
}

void DerivedIndex::flush() {
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

}  // namespace damfs
