// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search.h"

#include <fmt/format.h>

#include <string>
#include <variant>

#include "catalog/base/names.h"

namespace damfs {
namespace {

using Field = QueryTerm::Field;
using Comparison = QueryTerm::Comparison;
using Value = std::variant<int64_t, std::string>;

// A condition on asset `a`, its values still to be bound. The text is made of constants only.
struct Condition {
  std::string sql;
  std::vector<Value> values;
};

std::string_view sign(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual: return "=";
    case Comparison::kLess: return "<";
    case Comparison::kLessOrEqual: return "<=";
    case Comparison::kGreater: return ">";
    case Comparison::kGreaterOrEqual: return ">=";
  }
  return "=";
}

// FTS5's own quoting; a bare word also finds what begins with it.
std::string fts_term(const QueryTerm& term) {
  std::string quoted = "\"";
  for (const char c : term.text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + (term.phrase ? "\"" : "\"*");
}

// A word of nothing but punctuation has no token: FTS5 would find nothing, a person means the name.
bool has_token(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) != 0) return true;
  }
  return false;
}

Condition word_condition(const QueryTerm& term) {
  if (!has_token(term.text)) return {"instr(a.label_key, ?) > 0", {fold(term.text)}};
  return {"a.id IN (SELECT rowid FROM asset_search WHERE asset_search MATCH ?)", {fts_term(term)}};
}

// A path names a tag from the top; a single name finds the tag wherever it stands. Sub-tags count.
Condition tag_condition(const QueryTerm& term) {
  static constexpr std::string_view kBelow =
      "a.id IN (WITH RECURSIVE down (id) AS ({} UNION SELECT t.id FROM tag t JOIN down ON t.parent_id = down.id) "
      "SELECT asset_id FROM asset_tag JOIN down ON tag_id = down.id)";
  if (term.text.find('/') == std::string::npos) {
    return {fmt::format(kBelow, "SELECT id FROM tag WHERE name_key = ?"), {term.text}};
  }
  Condition condition{"SELECT 1", {}};
  std::string_view rest = term.text;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    if (slash != 0) {
      condition.sql = fmt::format("SELECT id FROM tag WHERE parent_id IN ({}) AND name_key = ?", condition.sql);
      condition.values.emplace_back(std::string(rest.substr(0, slash)));
    }
    rest.remove_prefix(slash == rest.npos ? rest.size() : slash + 1);
  }
  condition.sql = fmt::format(kBelow, condition.sql);
  return condition;
}

// A folder of originals/ and all below it, or one file in it.
Condition path_condition(const QueryTerm& term) {
  Condition folder{"SELECT 1", {}};
  Condition parent = folder;
  std::string_view rest = term.text;
  std::string_view last;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    last = rest.substr(0, slash);
    rest.remove_prefix(slash == rest.npos ? rest.size() : slash + 1);
    if (last.empty()) continue;
    parent = folder;
    folder.sql = fmt::format("SELECT id FROM folder WHERE parent_id IN ({}) AND name_key = ?", folder.sql);
    folder.values.emplace_back(nfc(last));
  }
  Condition condition{
      fmt::format("(a.id IN (WITH RECURSIVE down (id) AS ({} UNION SELECT f.id FROM folder f JOIN down ON f.parent_id = "
                  "down.id) SELECT e.asset_id FROM folder_entry e JOIN down ON e.folder_id = down.id) OR a.id IN "
                  "(SELECT asset_id FROM folder_entry WHERE folder_id IN ({}) AND name_key = ?))",
                  folder.sql, parent.sql),
      folder.values};
  condition.values.insert(condition.values.end(), parent.values.begin(), parent.values.end());
  condition.values.emplace_back(nfc(last));
  return condition;
}

Condition condition_of(const QueryTerm& term) {
  switch (term.field) {
    case Field::kWord: return word_condition(term);
    case Field::kType: return {"a.kind = ?", {term.number}};
    case Field::kTag: return tag_condition(term);
    case Field::kDate: return {"(a.day >= ? AND a.day < ?)", {term.number, term.number_end}};
    case Field::kCamera:
      return {"coalesce(a.camera_id IN (SELECT id FROM camera WHERE instr(name_key, ?) > 0), 0)", {term.text}};
    case Field::kRating: return {fmt::format("coalesce(a.rating, 0) {} ?", sign(term.comparison)), {term.number}};
    case Field::kExtension:
      return {"(length(a.label_key) > length(?) AND substr(a.label_key, -length(?)) = ?)",
              {"." + term.text, "." + term.text, "." + term.text}};
    case Field::kSize: return {fmt::format("a.size {} ?", sign(term.comparison)), {term.number}};
    case Field::kPath: return path_condition(term);
  }
  return {"1", {}};
}

}  // namespace

void search(Reader& reader, const std::vector<QueryTerm>& terms, int64_t after,
            const std::function<bool(int64_t asset)>& visit) {
  std::string sql = "SELECT a.id FROM asset a WHERE a.id > ?";
  std::vector<Value> values = {after};
  for (const QueryTerm& term : terms) {
    Condition condition = condition_of(term);
    sql += term.excluded ? " AND NOT " : " AND ";
    sql += condition.sql;
    values.insert(values.end(), condition.values.begin(), condition.values.end());
  }
  sql += " ORDER BY a.id";
  db::Statement statement(reader.database(), sql);
  for (size_t i = 0; i < values.size(); ++i) {
    if (const auto* number = std::get_if<int64_t>(&values[i])) {
      statement.bind(static_cast<int>(i) + 1, *number);
    } else {
      statement.bind(static_cast<int>(i) + 1, std::string_view(std::get<std::string>(values[i])));
    }
  }
  while (statement.step()) {
    if (!visit(statement.integer(0))) return;
  }
}

}  // namespace damfs
