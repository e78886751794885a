// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What is counted, what was read where, and what has changed.

#include "catalog/model/read/reader.h"
#include "catalog/model/statements.h"

namespace damfs {

int64_t Reader::counter(std::string_view name) {
  db::Use row(statement("counter"));
  row->bind_all(name);
  return row->step() ? row->integer(0) : 0;
}

int64_t Reader::recent_floor() { return counter("recent_floor"); }

Reader::Totals Reader::totals() {
  db::Use row(statement("asset_count"));
  const int64_t shown = row->step() ? row->integer(0) : 0;
  const int64_t copies = counter("copies");
  return {shown + copies, copies, counter("blobs"), counter("original_bytes")};
}

Reader::CopiesAre Reader::copies_are() { return static_cast<CopiesAre>(counter("show_copies")); }

bool Reader::has_blob(const Digest& sha256) {
  db::Use row(statement("has_blob"));
  row->bind_blob(1, sha256.raw());
  return row->step();
}

std::optional<std::string> Reader::damage(const Digest& sha256) {
  db::Use row(statement("damage_of_blob"));
  row->bind_blob(1, sha256.raw());
  if (!row->step()) return std::nullopt;
  return std::string(row->text(0));
}

std::optional<SourceRow> Reader::source(std::string_view path) {
  db::Use row(statement("source_file"));
  row->bind_all(path);
  if (!row->step()) return std::nullopt;
  return SourceRow{{row->integer(0), row->integer(1), row->integer(2), row->integer(3)},
                   row->integer(4),
                   Digest::from_bytes(row->text(5)),
                   row->integer(6) != 0,
                   row->integer(7) != 0};
}

int64_t Reader::newest_asset() {
  db::Use row(statement("newest_asset"));
  return row->step() ? row->integer(0) : 0;
}

int64_t Reader::newest_change() {
  db::Use row(statement("newest_change"));
  return row->step() ? row->integer(0) : 0;
}

int64_t Reader::newest_change_ns() {
  db::Use row(statement("newest_change_time"));
  return row->step() ? row->integer(0) : 0;
}

int64_t Reader::oldest_change() {
  db::Use row(statement("oldest_change"));
  return row->step() ? row->integer(0) : 0;
}

std::vector<ChangeRow> Reader::changes_after(int64_t id, int64_t most) {
  std::vector<ChangeRow> changes;
  db::Use rows(statement("changes_after"));
  rows->bind_all(id, most);
  while (rows->step()) {
    changes.push_back({rows->integer(0), static_cast<ChangeRow::What>(rows->integer(1)), rows->integer(2),
                       rows->integer(3), static_cast<Grouping>(rows->integer(4)), rows->integer(5),
                       std::string(rows->text(6))});
  }
  return changes;
}

int64_t Reader::data_version() { return database_.integer("PRAGMA data_version"); }

}  // namespace damfs
