// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/statements.h"

#include <fmt/format.h>

#include "catalog/base/error.h"
#include "sql.h"

namespace damfs {
namespace {

// Whatever is the same in all statements that give assets.
constexpr std::string_view kNames =
    "a.names + (a.state = 0 AND a.standing = 0 AND a.id >= (SELECT value FROM counter WHERE name = 'recent_floor'))";
constexpr std::string_view kAsset =
    "a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns, {names}, a.kind, a.still_width, a.still_height, a.day, "
    "a.rating, a.clip, p.version_id, p.size, p.mtime_ns, a.mode, a.uid, a.gid, a.state, p.mode, p.uid, p.gid, "
    "a.standing, a.data_bytes{labels}";

std::string replaced(std::string text, std::string_view mark, std::string_view by) {
  for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

std::string label_columns() {
  std::string columns;
  for (const GroupingRow* grouping : label_groupings()) columns += fmt::format(", a.{}", grouping->column);
  return columns;
}

// The word in the name of a statement that is made for groupings of a form: "{tree}". Empty: that grouping has none.
std::string_view mark_for(std::string_view name, const GroupingRow& grouping) {
  const bool has_column = !grouping.column.empty();
  if (name.find("{tree}") != name.npos && grouping.form == GroupForm::kTree) return "{tree}";
  if (name.find("{label}") != name.npos && grouping.form == GroupForm::kLabel) return "{label}";
  if (name.find("{column}") != name.npos && has_column) return "{column}";
  return {};
}

using NamedStatement = std::pair<std::string, std::string>;

void add(std::vector<NamedStatement>& all, const std::string& name, const std::string& text) {
  if (name.find('{') == name.npos) return all.emplace_back(name, text), void();
  for (const GroupingRow& grouping : groupings()) {
    const std::string_view mark = mark_for(name, grouping);
    if (mark.empty()) continue;
    std::string made = replaced(text, mark, grouping.name);
    made = replaced(replaced(std::move(made), "{more}", grouping.more), "{key}", grouping.column);
    made = replaced(std::move(made), "{flat}", grouping.is_flat ? " AND a.standing = 0" : "");
    all.emplace_back(replaced(name, mark, grouping.name), std::move(made));
  }
}

std::vector<NamedStatement> read_statements() {
  static constexpr std::string_view kMark = "-- name: ";
  std::vector<NamedStatement> all;
  std::string_view rest = sql::k_mount;
  for (size_t at = rest.find(kMark); at != rest.npos; at = rest.find(kMark)) {
    rest.remove_prefix(at + kMark.size());
    const size_t line_end = rest.find('\n');
    const size_t end = rest.find(kMark, line_end);
    std::string text(rest.substr(line_end + 1, end == rest.npos ? end : end - line_end - 1));
    text = replaced(std::move(text), "{asset}", kAsset);
    text = replaced(replaced(std::move(text), "{names}", kNames), "{labels}", label_columns());
    add(all, std::string(rest.substr(0, line_end)), text);
  }
  return all;
}

}  // namespace

const std::vector<NamedStatement>& mount_statements() {
  static const std::vector<NamedStatement> kAll = read_statements();
  return kAll;
}

namespace {

const NamedStatement* find_statement(std::string_view name) {
  static const auto kByName = [] {
    std::unordered_map<std::string_view, const NamedStatement*> by_name;
    for (const NamedStatement& each : mount_statements()) by_name.emplace(each.first, &each);
    return by_name;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

}  // namespace

bool ReaderStatements::has(std::string_view name) { return find_statement(name) != nullptr; }

db::Statement& ReaderStatements::operator[](std::string_view name) {
  if (const auto found = prepared_.find(name); found != prepared_.end()) return found->second;
  const NamedStatement* found = find_statement(name);
  if (found == nullptr) fail(EINVAL, "mount.sql has no statement '{}'", name);
  return prepared_.try_emplace(found->first, database_, found->second).first->second;
}

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
