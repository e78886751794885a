// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/db/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "catalog/base/error.h"
#include "catalog/base/out_of_room.h"
#include "catalog/db/beneath.h"

namespace damfs::db {
namespace {

// Of a failure to write SQLite only says that it failed.
int errno_of_system(sqlite3* connection) {
  const int code = connection == nullptr ? 0 : sqlite3_system_errno(connection);
  return is_out_of_room(code) ? code : EIO;
}

int errno_of(const SQLite::Exception& error, sqlite3* connection) {
  // The index of the WAL, which even a reader makes, is refused its room by a name of its own.
  if (error.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE) return ENOSPC;
  switch (error.getErrorCode() & 0xFF) {
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return EBUSY;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG: return EUCLEAN;
    case SQLITE_PERM:
    case SQLITE_AUTH: return EACCES;
    case SQLITE_NOMEM: return ENOMEM;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return errno_of_system(connection);
    default: return EIO;
  }
}

[[noreturn]] void rethrow(const SQLite::Exception& error, const Path& path, sqlite3* connection) {
  const int refused = take_read_error();
  const int code = errno_of(error, connection);
  if (refused != 0 && (code == EUCLEAN || code == EIO)) {
    fail(EIO,
         "{}: the disk gives an I/O error ({}); nothing was changed. The kernel's log (`dmesg`) tells more; mount the "
         "library again when the disk is well",
         path.string(), std::generic_category().message(refused));
  }
  switch (code) {
    case ENOSPC: fail(code, "{}: the disk is full; free some space and run the command again", path.string());
    case EDQUOT: fail(code, "{}: the quota is used up; free some space and run the command again", path.string());
    case EBUSY: fail(code, "{}: another damfs is writing; try again", path.string());
    case EUCLEAN:
      fail(code,
           "{}: the catalog is damaged ({}); nothing was changed. Restore it from a backup, or see `damfs doctor`",
           path.string(), error.what());
    default: fail(code, "{}: {}", path.string(), error.what());
  }
}

// SQLiteCpp's statements do not know their file; the handle does.
constexpr std::string_view kSomeCatalog = "catalog.db";

constexpr int kBusyMs = 10'000;
// Far beyond what is ever kept in one, so that a row of somebody's making takes no more memory than that.
constexpr int kMostBytesOfValue = 64 << 20;
constexpr int kMostBytesOfSql = 1 << 20;

void json_valid(sqlite3_context* context, int /*count*/, sqlite3_value** values) noexcept {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const auto size = static_cast<size_t>(sqlite3_value_bytes(values[0]));
  const bool valid = text != nullptr && nlohmann::json::accept(std::string_view(text, size));
  sqlite3_result_int(context, valid ? 1 : 0);
}

int open_flags(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::kCreate: return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    case Database::Mode::kReadWrite: return SQLite::OPEN_READWRITE;
    case Database::Mode::kReadOnly: return SQLite::OPEN_READONLY;
  }
  return SQLite::OPEN_READONLY;
}

}  // namespace

template <typename Work>
auto Statement::guarded(Work&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    rethrow(error, kSomeCatalog, connection_);
  }
}

Statement::Statement(Database& database, std::string_view sql)
    : connection_(database.impl_->getHandle()),
      impl_(guarded([&] { return std::make_unique<SQLite::Statement>(*database.impl_, std::string(sql)); })) {}
Statement::~Statement() = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;

Statement& Statement::bind(int index, int64_t value) {
  guarded([&] { impl_->bind(index, value); });
  return *this;
}
Statement& Statement::bind(int index, double value) {
  guarded([&] { impl_->bind(index, value); });
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  guarded([&] { impl_->bind(index, std::string(text)); });
  return *this;
}
Statement& Statement::bind_blob(int index, std::string_view bytes) {
  guarded([&] { impl_->bind(index, bytes.data(), static_cast<int>(bytes.size())); });
  return *this;
}
Statement& Statement::bind_null(int index) {
  guarded([&] { impl_->bind(index); });
  return *this;
}

bool Statement::step() {
  return guarded([&] { return impl_->executeStep(); });
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() noexcept { impl_->tryReset(); }

int64_t Statement::integer(int column) const { return impl_->getColumn(column).getInt64(); }
double Statement::real(int column) const { return impl_->getColumn(column).getDouble(); }
std::string_view Statement::text(int column) const {
  const SQLite::Column value = impl_->getColumn(column);
  const auto* bytes = static_cast<const char*>(value.getBlob());
  return {bytes == nullptr ? "" : bytes, bytes == nullptr ? 0 : static_cast<size_t>(value.getBytes())};
}
bool Statement::is_null(int column) const { return impl_->getColumn(column).isNull(); }

Database::Database(FileIn file, Mode mode) : file_(std::move(file)), path_(file_->path()) {
  // SQLite only says that it cannot open something.
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    file_->folder.require_file_or_nothing(file_->with_suffix(suffix).name);
  }
  try {
    impl_ = std::make_unique<SQLite::Database>(name_beneath(*file_), open_flags(mode), kBusyMs, vfs_beneath());
    harden();
  } catch (const SQLite::Exception& error) {
    rethrow(error, path_, impl_ ? impl_->getHandle() : nullptr);
  }
}

Database::Database() : path_(":memory:") {
  impl_ = std::make_unique<SQLite::Database>(":memory:", open_flags(Mode::kCreate));
  harden();
}

void Database::harden() {
  sqlite3* connection = impl_->getHandle();
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, kMostBytesOfValue);
  sqlite3_limit(connection, SQLITE_LIMIT_SQL_LENGTH, kMostBytesOfSql);
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(connection, SQLITE_LIMIT_WORKER_THREADS, 0);
  // What the schema calls in a CHECK, told to be harmless: SQLite 3.40 takes its own for one that is not.
  sqlite3_create_function_v2(connection, "json_valid", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                             nullptr, &json_valid, nullptr, nullptr, nullptr);
  impl_->exec("PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON");
}

Database::~Database() = default;

void Database::execute(std::string_view sql) {
  try {
    impl_->exec(std::string(sql));
  } catch (const SQLite::Exception& error) {
    rethrow(error, path_, impl_->getHandle());
  }
}

int64_t Database::integer(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

int64_t Database::last_insert_id() const { return impl_->getLastInsertRowid(); }

void Database::watch(StatementWatcher watcher) {
  watcher_ = std::move(watcher);
  const auto ended = [](unsigned, void* self, void* statement, void*) {
    auto* ran = static_cast<sqlite3_stmt*>(statement);
    const char* sql = sqlite3_sql(ran);
    const int rows = sqlite3_stmt_status(ran, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    static_cast<Database*>(self)->watcher_(sql == nullptr ? "" : sql, rows);
    return 0;
  };
  sqlite3_trace_v2(impl_->getHandle(), watcher_ ? SQLITE_TRACE_PROFILE : 0, watcher_ ? +ended : nullptr, this);
}

namespace {

// Comments may be worded otherwise in another version of damfs, spaces and quotes by another one of SQLite.
std::string essence(std::string_view sql) {
  std::string text;
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql.substr(i, 2) == "--") {
      i = std::min(sql.find('\n', i), sql.size());
    } else if (std::string_view(" \t\r\n\"'`[]").find(sql[i]) == std::string_view::npos) {
      text.push_back(sql[i]);
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> schema_of(Database& database) {
  std::vector<std::string> lines;
  Statement rows(database,
                 "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                 "ORDER BY type, name");
  while (rows.step()) {
    std::string line;
    for (const int column : {0, 1, 2}) line.append(rows.text(column)).push_back(' ');
    lines.push_back(line + essence(rows.text(3)));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const Error&) {
    // SQLite has rolled back by itself (disk full, I/O error): there is nothing left to undo.
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace damfs::db
