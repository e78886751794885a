// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/beginnings.h"

#include "catalog/base/names.h"
#include "catalog/model/read/reader.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

// What comes next after all that begins so, as bytes are compared.
std::string behind_all(std::string beginning) {
  while (!beginning.empty() && beginning.back() == '\xff') beginning.pop_back();
  if (beginning.empty()) return "\xff\xff\xff\xff";
  ++beginning.back();
  return beginning;
}

std::vector<std::string> names_between(db::Statement& statement, int64_t key, const std::string& low, int64_t most) {
  db::Use rows(statement);
  const std::string high = behind_all(low);
  rows->bind_all(key, std::string_view(low), std::string_view(high), most);
  std::vector<std::string> names;
  while (rows->step()) names.emplace_back(rows->text(0));
  return names;
}

}  // namespace

std::vector<std::string> groups_beginning(Reader& reader, Grouping grouping, int64_t key, std::string_view beginning,
                                          int64_t most) {
  const GroupingRow& of = row_of(grouping);
  if (of.form != GroupForm::kTree) return {};
  const std::string low = grouping == Grouping::kFolder ? nfc(beginning) : fold(beginning);
  return names_between(reader.statements().of(of, "{tree}_names_beginning"), key, low, most);
}

std::vector<std::string> entries_beginning(Reader& reader, int64_t folder, std::string_view beginning, int64_t most) {
  return names_between(reader.statement("entry_names_beginning"), folder, nfc(beginning), most);
}

std::vector<std::string> labels_beginning(Reader& reader, std::string_view beginning, int64_t most) {
  constexpr auto kLive = static_cast<int64_t>(AssetState::kLive);
  return names_between(reader.statement("labels_beginning"), kLive, fold(beginning), most);
}

}  // namespace damfs
