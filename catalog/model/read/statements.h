// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/db/database.h"
#include "catalog/model/rows.h"

namespace damfs {

// Every statement of sql/mount.sql as (name, text), those of groupings made for each of them.
const std::vector<std::pair<std::string, std::string>>& mount_statements();

// Those of one connection, prepared when first used.
class ReaderStatements {
 public:
  explicit ReaderStatements(db::Database& database) : database_(database) {}
  static bool has(std::string_view name);
  db::Statement& operator[](std::string_view name);  // EINVAL: there is none of that name

 private:
  db::Database& database_;
  std::unordered_map<std::string_view, db::Statement> prepared_;
};

// Of a row that begins with a cursor, a name and {asset}.
AssetRow asset_row(const db::Statement& row);
FoundAsset found_asset(const db::Statement& row);

Ownership ownership_at(const db::Statement& row, int column);  // mode, uid, gid
std::optional<int64_t> integer_at(const db::Statement& row, int column);

}  // namespace damfs
