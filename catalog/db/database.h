// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/folder.h"

namespace SQLite {
class Database;
}  // namespace SQLite
struct sqlite3;
struct sqlite3_stmt;

namespace damfs::db {

class Database;

// A prepared statement. Parameters are numbered from 1, columns from 0, as SQLite does. Not thread-safe.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;

  Statement& bind(int index, int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);
  template <typename T>
  Statement& bind(int index, const std::optional<T>& value) {
    return value ? bind(index, *value) : bind_null(index);
  }
  template <typename... Values>
  Statement& bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }

  bool step();  // true: a row stands ready
  void run();   // to its end, then resets
  void reset() noexcept;

  int64_t integer(int column) const;
  double real(int column) const;
  // Valid until the next step or reset.
  std::string_view text(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  void require(int code) const;  // SQLITE_OK

  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> impl_;
  bool is_done_ = false;
};

// Resets a cached statement however its use ends, so that it never holds a read transaction open.
class Use {
 public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement* operator->() { return &statement_; }
  Statement& operator*() { return statement_; }

 private:
  Statement& statement_;
};

// One connection, to a file that may be anybody's: it and what SQLite keeps beside it are opened beneath the folder, no
// link followed; nothing in it runs or is called by itself, and its values and pages are checked and bounded. Its
// schema is not checked here: whoever opens it compares schema_of. Every failure is an Error whose errno says what a
// caller can do: ENOSPC, EDQUOT, EBUSY, EROFS, EUCLEAN (damaged), EIO; its message names the file.
class Database {
 public:
  enum class Mode { kCreate, kReadWrite, kReadOnly };
  Database(FileIn file, Mode mode);
  Database();  // in memory
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(std::string_view sql);     // any number of statements
  int64_t integer(std::string_view sql);  // the first column of the first row; 0 when there is none
  int64_t last_insert_id() const;

  // Called for each statement that has ended, with its text and how many rows it scanned without an index.
  using StatementWatcher = std::function<void(std::string_view sql, int64_t rows_scanned)>;
  void watch(StatementWatcher watcher);

  const Path& path() const { return path_; }

 private:
  friend class Statement;
  void harden();
  std::optional<FileIn> file_;  // its folder is open for as long as SQLite may open something in it
  Path path_;
  StatementWatcher watcher_;
  std::unique_ptr<SQLite::Database> impl_;
};

// What a database consists of: a line each for its tables, indexes, views and triggers, as they were made, free of
// comments, spaces and quotes; in order. What SQLite makes by itself (sqlite_stat1, …) is left out.
std::vector<std::string> schema_of(Database& database);

// BEGIN IMMEDIATE … COMMIT, or ROLLBACK when it goes out of scope uncommitted.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace damfs::db
