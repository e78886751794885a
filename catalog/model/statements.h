// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/db/database.h"
#include "statement_names.h"

namespace damfs {

struct GroupingRow;

// The name of a statement of catalog/sql. One that is not there is an error of the build.
class StatementName {
 public:
  consteval StatementName(const char* name) : index_(index_of(name)) {}  // NOLINT: a literal is what is wanted
  constexpr size_t index() const { return index_; }

 private:
  static consteval size_t index_of(std::string_view name) {
    for (size_t i = 0; i < std::size(sql::kStatementNames); ++i) {
      if (sql::kStatementNames[i] == name) return i;
    }
    throw "no statement of catalog/sql has that name";
  }

  size_t index_;
};

// Every statement of catalog/sql as (name, text), those of groupings made for each of them.
const std::vector<std::pair<std::string, std::string>>& all_statements();

// Those of one connection, prepared when first used and kept until it ends.
class Statements {
 public:
  explicit Statements(db::Database& database);
  db::Statement& operator[](StatementName name);
  // One with {tree}, {label}, {column} or {counted} in its name; the grouping must be one of those.
  db::Statement& of(const GroupingRow& grouping, StatementName name);
  db::Statement* find(std::string_view name);  // null: there is none of that name
  void clear();                                // all of them are prepared anew

 private:
  db::Statement& at(size_t number);

  db::Database& database_;
  std::vector<std::unique_ptr<db::Statement>> prepared_;  // as all_statements() counts them
};

}  // namespace damfs
