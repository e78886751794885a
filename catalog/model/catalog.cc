// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/catalog.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/names.h"
#include "catalog/base/out_of_room.h"
#include "catalog/model/newest_schema.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/fill_labels.h"
#include "catalog/model/write/writer.h"
#include "sql.h"

namespace damfs {
namespace {

constexpr int64_t kApplicationId = 0x64616D66;  // "damf", where file(1) and SQLite look for it
constexpr int64_t kSchemaVersion = std::size(sql::k_steps);

// SQLite's locks and its shared-memory index do not work between machines.
void refuse_network_file_system(const Folder& folder) {
  struct statfs fs {};
  if (::fstatfs(folder.fd(), &fs) != 0) return;
  static constexpr std::pair<int64_t, std::string_view> kNetworks[] = {
      {0x6969, "NFS"},    {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB"}, {0x517B, "SMB"},
      {0x01021997, "9p"}, {0x00C36400, "Ceph"}, {0x5346414F, "AFS"},
  };
  for (const auto& [magic, name] : kNetworks) {
    if (static_cast<uint32_t>(fs.f_type) == static_cast<uint32_t>(magic)) {
      fail(EREMOTE,
           "{} is on a network file system ({}), where a catalog cannot be kept safely. Put the library on a local "
           "disk; originals may stay on the network",
           folder.path().string(), name);
    }
  }
}

// All or nothing: a catalog that is half new is nobody's.
void migrate(db::Database& database) {
  if (database.integer("PRAGMA user_version") == kSchemaVersion) return;
  db::Transaction transaction(database);
  std::vector<const GroupingRow*> new_labels;
  for (const GroupingRow* grouping : label_groupings()) {
    if (!has_table(database, grouping->name)) new_labels.push_back(grouping);
  }
  // Another process may have done it meanwhile.
  for (int64_t version = database.integer("PRAGMA user_version"); version < kSchemaVersion; ++version) {
    database.execute(sql::k_steps[version]);
  }
  for (const GroupingRow* grouping : new_labels) fill_labels(database, *grouping);
  transaction.commit();
}

std::vector<std::string> made_schema(int64_t version) {
  db::Database ours;
  db::Transaction once(ours);
  for (int64_t step = 0; step < version; ++step) ours.execute(sql::k_steps[step]);
  return db::schema_of(ours);
}

Digest schema_digest(const std::vector<std::string>& schema) {
  Sha256 hash;
  for (const std::string& line : schema) {
    hash.update(std::as_bytes(std::span(line)));
    hash.update(std::as_bytes(std::span("\n", 1)));
  }
  return hash.finish();
}

// A catalog may be anybody's: before anything of it is used, it is what our own steps make, and nothing more. What they
// make is known by its digest, for making it takes longer than all else that a verb does.
void refuse_foreign_schema(db::Database& database, int64_t version) {
  const std::vector<std::string> found = db::schema_of(database);
  if (schema_digest(found).hex() == kNewestSchema) return;
  const std::vector<std::string> expected = made_schema(version);
  if (found == expected) return;
  std::vector<std::string> foreign;
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(), std::back_inserter(foreign));
  std::vector<std::string> missing;
  std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(), std::back_inserter(missing));
  constexpr size_t kMostShown = 80;
  fail(EUCLEAN, "{}: its schema is not that of a damfs catalog ({} '{}'); nothing of it was used. {}",
       database.path().string(), foreign.empty() ? "it lacks" : "it has",
       printable((foreign.empty() ? missing : foreign).front().substr(0, kMostShown)),
       "Somebody else made or changed it: restore it from a backup");
}

// A truncated catalog.db is caught by its own header before SQLite touches it: opening one with an empty or
// cut file would otherwise count as a new database.
void check_header(const FileIn& in) {
  const Path file = in.path();
  const auto fd = in.folder.open_existing(in.name, O_RDONLY);
  if (!fd) fail(ENOENT, "there is no catalog at {}; `damfs init` makes a library", file.string());
  std::array<std::byte, 100> header{};
  const auto size = static_cast<uint64_t>(stat_fd(fd->get(), file).st_size);
  const size_t read = pread_some(fd->get(), header, 0, file);
  const auto big_endian = [&](size_t at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | std::to_integer<uint64_t>(header.at(at + i));
    return value;
  };
  if (read < header.size() || std::string_view(reinterpret_cast<const char*>(header.data()), 15) != "SQLite format 3") {
    fail(EUCLEAN, "{} is empty or no SQLite file; nothing was changed. Restore it from a backup", file.string());
  }
  if (big_endian(68, 4) != static_cast<uint64_t>(kApplicationId)) {
    fail(EUCLEAN, "{} is not a damfs catalog; nothing was changed", file.string());
  }
  const uint64_t page_size = big_endian(16, 2) == 1 ? 65536 : big_endian(16, 2);
  const uint64_t expected = page_size * big_endian(28, 4);
  // With frames in the WAL, the file may rightly be shorter until they are checkpointed.
  const auto wal = in.folder.stat(in.with_suffix("-wal").name);
  if (size < expected && (!wal || wal->st_size == 0)) {
    fail(EUCLEAN, "{} is truncated: {} of {} bytes are left; nothing was changed. Restore it from a backup",
         file.string(), size, expected);
  }
}

}  // namespace

std::string Catalog::newest_schema() { return schema_digest(made_schema(kSchemaVersion)).hex(); }

void Catalog::create(const FileIn& file) {
  refuse_network_file_system(file.folder);
  if (file.folder.stat(file.name)) fail(EEXIST, "{} exists already", file.path().string());
  db::Database database(file, db::Database::Mode::kCreate);
  database.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.execute("PRAGMA journal_mode = WAL");
  migrate(database);
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Catalog::Catalog(FileIn file) : Catalog(CatalogIn(std::move(file))) {}

Catalog::Catalog(const CatalogIn& in)
    : file_(in), dates_(in.dates), path_(file_.path()), reserve_(file_.with_suffix("-reserve")) {
  try {
    open();
  } catch (const Error& error) {
    if (!is_out_of_room(error.code()) || !reserve_.release()) throw;
    open();
  }
}

void Catalog::open() {
  refuse_network_file_system(file_.folder);
  check_header(file_);
  {
    // Through a read-only look first: a newer catalog must not be touched at all.
    db::Database database(file_, db::Database::Mode::kReadOnly);
    const int64_t version = database.integer("PRAGMA user_version");
    if (version > kSchemaVersion) {
      fail(ENOTSUP, "{} was written by a newer damfs (its schema is {}, this program knows {}); use that one",
           path_.string(), version, kSchemaVersion);
    }
    if (version < 1)
      fail(EUCLEAN, "{} holds no catalog; nothing was changed. Restore it from a backup", path_.string());
    refuse_foreign_schema(database, version);
  }
  writer_database_ = std::make_unique<db::Database>(file_, db::Database::Mode::kReadWrite);
  migrate(*writer_database_);
  // FULL: a commit is on the disk when it returns (law 6).
  writer_database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384");
  durability_ = Durability::kNow;
  writer_statements_ = std::make_unique<Statements>(*writer_database_);
  reserve_.allocate();
}

Catalog::~Catalog() = default;

Catalog::Lease Catalog::reader() {
  {
    const std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return {*this, std::move(reader)};
    }
  }
  return {*this, std::make_unique<Reader>(file_)};
}

void Catalog::take_back(std::unique_ptr<Reader> reader) {
  const std::lock_guard lock(readers_mutex_);
  idle_readers_.push_back(std::move(reader));
}

Written Catalog::write(const WriteRequest& request, const std::function<void(Writer&)>& work) {
  const std::lock_guard lock(writer_mutex_);
  try {
    return try_to_write(request, work);
  } catch (const Error& error) {
    if (!request.frees_room || !is_out_of_room(error.code()) || !reserve_.release()) throw;
    return try_to_write(request, work);
  }
}

Written Catalog::try_to_write(const WriteRequest& request, const std::function<void(Writer&)>& work) {
  if (request.durability != durability_) {
    writer_database_->execute(request.durability == Durability::kNow ? "PRAGMA synchronous = FULL"
                                                                     : "PRAGMA synchronous = NORMAL");
    durability_ = request.durability;
  }
  try {
    db::Transaction transaction(*writer_database_);
    Writer writer(*writer_database_, *writer_statements_, dates_);
    if (request.act) writer.begin(*request.act);
    work(writer);
    const Written written = writer.finish();
    if (request.before_commit) request.before_commit(written);
    transaction.commit();
    return written;
  } catch (...) {
    writer_statements_->clear();  // one may stand in the middle of its rows
    throw;
  }
}

void Catalog::sync() {
  const auto wal = file_.folder.open_existing(file_.with_suffix("-wal").name, O_RDONLY);
  const int code = wal ? flush_data(wal->get()) : 0;
  if (code != 0) throw_errno(code, "cannot write " + path_.string() + " to its disk");
}

}  // namespace damfs
