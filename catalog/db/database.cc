// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/db/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/out_of_room.h"

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
    case SQLITE_NOTADB: return EUCLEAN;
    case SQLITE_PERM:
    case SQLITE_AUTH: return EACCES;
    case SQLITE_NOMEM: return ENOMEM;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return errno_of_system(connection);
    default: return EIO;
  }
}

[[noreturn]] void rethrow(const SQLite::Exception& error, const Path& path, sqlite3* connection) {
  const int code = errno_of(error, connection);
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

Database::Database(Path path, Mode mode) : path_(std::move(path)) {
  try {
    impl_ = std::make_unique<SQLite::Database>(path_.string(), open_flags(mode), 10'000);
    impl_->exec("PRAGMA foreign_keys = ON");
  } catch (const SQLite::Exception& error) {
    rethrow(error, path_, impl_ ? impl_->getHandle() : nullptr);
  }
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
