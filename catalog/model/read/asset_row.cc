// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/asset_row.h"

namespace damfs {

std::optional<int64_t> integer_at(const db::Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

Ownership ownership_at(const db::Statement& row, int column) {
  return {integer_at(row, column), integer_at(row, column + 1), integer_at(row, column + 2)};
}

AssetRow asset_row(const db::Statement& statement) {
  AssetRow row;
  row.cursor = statement.integer(0);
  row.name = statement.text(1);
  row.id = statement.integer(2);
  row.version = statement.integer(3);
  row.size = statement.integer(4);
  row.mtime_ns = statement.integer(5);
  row.changed_ns = statement.integer(6);
  row.names = statement.integer(7);
  row.kind = static_cast<Kind>(statement.integer(8));
  row.still = {statement.integer(9), statement.integer(10)};
  row.day = statement.integer(11);
  row.rating = integer_at(statement, 12);
  row.clip = statement.text(13);
  if (!statement.is_null(14)) {
    row.camera_proxy = {statement.integer(14), statement.integer(15), statement.integer(16),
                        ownership_at(statement, 21)};
  }
  row.ownership = ownership_at(statement, 17);
  row.state = static_cast<AssetState>(statement.integer(20));
  row.standing = static_cast<Standing>(statement.integer(24));
  row.data_bytes = integer_at(statement, 25);
  for (size_t i = 0; i < label_groupings().size(); ++i) row.labels[i] = statement.integer(26 + static_cast<int>(i));
  return row;
}

FoundAsset found_asset(const db::Statement& statement) {
  FoundAsset found{asset_row(statement), std::string(statement.text(1))};
  found.row.name = {};
  return found;
}

}  // namespace damfs
