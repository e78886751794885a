// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/beginnings.h"

#include <fmt/format.h>

#include "catalog/base/names.h"
#include "catalog/model/read/reader.h"

namespace damfs {
namespace {

// What comes next after all that begins so, as bytes are compared.
std::string behind_all(std::string beginning) {
  while (!beginning.empty() && beginning.back() == '\xff') beginning.pop_back();
  if (beginning.empty()) return "\xff\xff\xff\xff";
  ++beginning.back();
  return beginning;
}

std::vector<std::string> names_between(Reader& reader, const std::string& sql, int64_t key, const std::string& low,
                                       int64_t most) {
  db::Statement rows(reader.database(), sql);
  const std::string high = behind_all(low);
  rows.bind_all(key, std::string_view(low), std::string_view(high), most);
  std::vector<std::string> names;
  while (rows.step()) names.emplace_back(rows.text(0));
  return names;
}

std::string sql_of(std::string_view table, std::string_view parent) {
  return fmt::format(
      "SELECT name FROM {} WHERE {} = ?1 AND name_key >= ?2 AND name_key < ?3 ORDER BY name_key LIMIT ?4", table,
      parent);
}

}  // namespace

std::vector<std::string> groups_beginning(Reader& reader, Grouping grouping, int64_t key, std::string_view beginning,
                                          int64_t most) {
  const GroupingRow& of = row_of(grouping);
  if (of.form != GroupForm::kTree) return {};
  const std::string low = grouping == Grouping::kFolder ? nfc(beginning) : fold(beginning);
  return names_between(reader, sql_of(of.name, "parent_id"), key, low, most);
}

std::vector<std::string> entries_beginning(Reader& reader, int64_t folder, std::string_view beginning, int64_t most) {
  return names_between(reader, sql_of("folder_entry", "folder_id"), folder, nfc(beginning), most);
}

std::vector<std::string> labels_beginning(Reader& reader, std::string_view beginning, int64_t most) {
  constexpr auto kLive = static_cast<int64_t>(AssetState::kLive);
  return names_between(reader,
                       "SELECT label FROM asset WHERE state = ?1 AND label_key >= ?2 AND label_key < ?3 "
                       "ORDER BY label_key LIMIT ?4",
                       kLive, fold(beginning), most);
}

}  // namespace damfs
