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

// A connection is used by one thread at a time, so it needs no mutex of its own; and nobody asks how much memory SQLite
// has, which would cost a mutex for the whole process at each allocation.
void set_up_sqlite() {
  static const bool kIsSetUp = [] {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return true;
  }();
  (void)kIsSetUp;
}

int open_flags(Database::Mode mode) {
  set_up_sqlite();
  switch (mode) {
    case Database::Mode::kCreate: return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX;
    case Database::Mode::kReadWrite: return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX;
    case Database::Mode::kReadOnly: break;
  }
  return SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX;
}

}  // namespace

// Rows are read by the million: statements go to SQLite itself, without a shared pointer a column.
void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

void Statement::require(int code) const {
  if (code != SQLITE_OK) rethrow(SQLite::Exception(connection_, code), kSomeCatalog, connection_);
}

Statement::Statement(Database& database, std::string_view sql) : connection_(database.impl_->getHandle()) {
  sqlite3_stmt* made = nullptr;
  require(sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made,
                             nullptr));
  impl_.reset(made);
}
Statement::~Statement() = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;

Statement& Statement::bind(int index, int64_t value) {
  require(sqlite3_bind_int64(impl_.get(), index, value));
  return *this;
}
Statement& Statement::bind(int index, double value) {
  require(sqlite3_bind_double(impl_.get(), index, value));
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would be taken for NULL.
  require(sqlite3_bind_text64(impl_.get(), index, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
  return *this;
}
Statement& Statement::bind_blob(int index, std::string_view bytes) {
  require(sqlite3_bind_blob64(impl_.get(), index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_TRANSIENT));
  return *this;
}
Statement& Statement::bind_null(int index) {
  require(sqlite3_bind_null(impl_.get(), index));
  return *this;
}

bool Statement::step() {
  // SQLite would begin anew.
  if (is_done_) require(SQLITE_MISUSE);
  const int code = sqlite3_step(impl_.get());
  if (code == SQLITE_ROW) return true;
  is_done_ = true;
  if (code != SQLITE_DONE) require(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() noexcept {
  is_done_ = false;
  sqlite3_reset(impl_.get());
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(impl_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(impl_.get(), column); }
std::string_view Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(impl_.get(), column));
  return {bytes == nullptr ? "" : bytes,
          bytes == nullptr ? 0 : static_cast<size_t>(sqlite3_column_bytes(impl_.get(), column))};
}
bool Statement::is_null(int column) const { return sqlite3_column_type(impl_.get(), column) == SQLITE_NULL; }

Database::Database(FileIn file, Mode mode) : file_(std::move(file)), path_(file_->path()) {
  // SQLite only says that it cannot open something.
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    file_->folder.require_file_or_nothing(file_->with_suffix(suffix).name);
  }
  try {
    const int flags = open_flags(mode);  // before the VFS is registered, which starts SQLite
    impl_ = std::make_unique<SQLite::Database>(name_beneath(*file_), flags, kBusyMs, vfs_beneath());
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
