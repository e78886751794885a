// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/derived/derived_index.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/out_of_room.h"
#include "catalog/db/database.h"
#include "catalog/derived/derived_key.h"

namespace damfs {
namespace {

constexpr size_t kTouchesKept = 256;
constexpr int64_t kFormat = 2;  // user_version; an index of another one is made anew

// `path` is for those who look into it: where a file stands is found from its key.
constexpr std::string_view kTables =
    "CREATE TABLE derived (key TEXT PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, "
    "used_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX derived_by_use ON derived (used_ns, key);"
    "CREATE TABLE failure (key TEXT PRIMARY KEY, reason TEXT NOT NULL, at_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE note (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID";

const std::vector<std::string>& our_schema() {
  static const std::vector<std::string> schema = [] {
    db::Database made;
    made.execute(kTables);
    return db::schema_of(made);
  }();
  return schema;
}

// Which start of the machine this is; 0: it is not known.
int64_t number_of_boot() {
  int64_t number = 0;
  try {
    const std::string text = read_text("/proc/sys/kernel/random/boot_id", 100).value_or("");
    std::from_chars(text.data(), text.data() + std::min<size_t>(text.size(), 7), number, 16);
  } catch (const Error&) {
  }
  return number;
}

}  // namespace

DerivedIndex::DerivedIndex(FileIn folder) : folder_(std::move(folder)) { open_or_renew(); }

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

void DerivedIndex::add(const std::string& key, int64_t bytes) {
  const auto place = DerivedKey::place_of(key);
  if (!place) fail(EINVAL, "'{}' is no name of a derived file", key);
  with_database([&] {
    db::Statement before(*database_, "SELECT bytes FROM derived WHERE key = ?1");
    before.bind_all(std::string_view(key));
    if (before.step()) total_ -= before.integer(0);
    before.reset();
    db::Statement(*database_, "INSERT OR REPLACE INTO derived (key, path, bytes, used_ns) VALUES (?1, ?2, ?3, ?4)")
        .bind_all(std::string_view(key), std::string_view(*place), bytes, now_ns())
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
    adopt_what_a_power_cut_left();
    total_ = database_->integer("SELECT sum(bytes) FROM derived");  // another process may have added
    std::vector<File> files;
    int64_t left = total_;
    db::Statement rows(*database_, "SELECT key, bytes FROM derived ORDER BY used_ns, key");
    while (left > target && rows.step()) {
      File file{std::string(rows.text(0)), {}, rows.integer(1)};
      if (keep(file.key)) continue;
      left -= file.bytes;
      // What is no name of ours leads to no file: its row goes, and nothing else.
      file.place = DerivedKey::place_of(file.key).value_or("");
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

void DerivedIndex::set_note(const std::string& key, const std::optional<std::string>& text) {
  with_database([&] {
    if (text) {
      db::Statement(*database_, "INSERT OR REPLACE INTO note (key, text) VALUES (?1, ?2)")
          .bind_all(std::string_view(key), std::string_view(*text))
          .run();
    } else {
      db::Statement(*database_, "DELETE FROM note WHERE key = ?1").bind_all(std::string_view(key)).run();
    }
  });
}

std::optional<std::string> DerivedIndex::note(const std::string& key) {
  return with_database([&]() -> std::optional<std::string> {
    db::Statement row(*database_, "SELECT text FROM note WHERE key = ?1");
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
  const auto now = folder_.folder.stat(file().name);
  if (now && now->st_ino == inode_ && now->st_dev == device_ && database_) return;
  database_.reset();
  touched_.clear();
  folder_.folder.make_folder(folder_.name);
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
               folder_.path().string(), why);
  database_.reset();
  remove_files();
  open();
}

void DerivedIndex::remove_files() {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    folder_.folder.unlink(file().with_suffix(suffix).name);  // of a link the link
  }
}

void DerivedIndex::open() {
  database_ = std::make_unique<db::Database>(file(), db::Database::Mode::kCreate);
  database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024");
  {
    // Locked from the first look on: two programs may find it missing at once.
    db::Transaction transaction(*database_);
    if (database_->integer("PRAGMA user_version") != kFormat) {
      database_->execute("DROP TABLE IF EXISTS derived; DROP TABLE IF EXISTS failure; DROP TABLE IF EXISTS note");
      database_->execute(kTables);
      adopt_files();
      database_->execute(fmt::format("PRAGMA user_version = {}", kFormat));
    }
    if (db::schema_of(*database_) != our_schema()) fail(EUCLEAN, "{} is not as damfs makes it", file().path().string());
    transaction.commit();
  }
  const auto opened = folder_.folder.stat(file().name);
  inode_ = opened ? opened->st_ino : 0;
  device_ = opened ? opened->st_dev : 0;
  total_ = database_->integer("SELECT sum(bytes) FROM derived");
}

// A deleted index leaves files that nobody would ever evict. The cache's own are known by their names and where they
// stand.
void DerivedIndex::adopt_files() {
  db::Statement insert(*database_, "INSERT OR IGNORE INTO derived (key, path, bytes, used_ns) VALUES (?1, ?2, ?3, ?4)");
  const auto adopt = [&](const Folder& folder, const std::string& place, const std::string& name) {
    const auto st = DerivedKey::place_of(name) == place ? folder.stat(name) : std::nullopt;
    if (!st || !S_ISREG(st->st_mode)) return;
    insert.bind_all(std::string_view(name), std::string_view(place), static_cast<int64_t>(st->st_blocks) * 512,
                    to_ns(st->st_mtim));
    insert.run();
  };
  const auto folders_in = [](const Folder& folder,
                             const std::function<void(const std::string&, const Folder&)>& visit) {
    folder.each([&](const std::string& name, unsigned char type) {
      if (type != DT_DIR) return;
      if (const auto inner = folder.existing_folder(name)) visit(name, *inner);
    });
  };
  folders_in(folder_.folder.make_folder(folder_.name), [&](const std::string& profile, const Folder& of_profile) {
    folders_in(of_profile, [&](const std::string& part, const Folder& of_part) {
      of_part.each([&](const std::string& name, unsigned char type) {
        if (type == DT_REG) adopt(of_part, fmt::format("{}/{}/{}", profile, part, name), name);
      });
    });
  });
}

// Files are flushed before they have a name, and the index is not: rows of the last ones may be lost. The first who
// evicts after a start of the machine looks for them.
void DerivedIndex::adopt_what_a_power_cut_left() {
  const int64_t boot = number_of_boot();
  if (boot == 0 || database_->integer("PRAGMA application_id") == boot) return;
  try {
    db::Transaction transaction(*database_);
    adopt_files();
    database_->execute(fmt::format("PRAGMA application_id = {}", boot));
    transaction.commit();
  } catch (const Error& error) {
    if (!is_out_of_room(error.code())) throw;  // the next time
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
