// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search.h"

#include <fmt/format.h>

#include <cctype>
#include <string>
#include <utility>
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

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return parts;
}

// The ids at the end of a path from a stored tree's top. It is followed step by step, for one statement nested as
// deeply as somebody can type would not parse.
std::vector<int64_t> follow(Reader& reader, std::string_view sql, const std::vector<std::string_view>& parts) {
  std::vector<int64_t> at = {1};
  db::Statement children(reader.database(), sql);
  for (const std::string_view part : parts) {
    std::vector<int64_t> next;
    for (const int64_t id : at) {
      const db::Use rows(children);
      children.bind_all(id, part);
      while (children.step()) next.push_back(children.integer(0));
    }
    at = std::move(next);
  }
  return at;
}

// Any number of ids as one bound value.
Condition row_set(const std::vector<int64_t>& ids) {
  Condition set{"SELECT value FROM json_each(?)", {}};
  set.values.emplace_back(fmt::format("[{}]", fmt::join(ids, ",")));
  return set;
}

// A path names a tag from the top; a single name finds the tag wherever it stands. Sub-tags count.
Condition tag_condition(Reader& reader, const QueryTerm& term) {
  static constexpr std::string_view kBelow =
      "a.id IN (WITH RECURSIVE down (id) AS ({} UNION SELECT t.id FROM tag t JOIN down ON t.parent_id = down.id) "
      "SELECT asset_id FROM asset_tag JOIN down ON tag_id = down.id)";
  if (term.text.find('/') == std::string::npos) {
    return {fmt::format(kBelow, "SELECT id FROM tag WHERE name_key = ?"), {term.text}};
  }
  Condition set =
      row_set(follow(reader, "SELECT id FROM tag WHERE parent_id = ?1 AND name_key = ?2", parts_of(term.text)));
  return {fmt::format(kBelow, set.sql), std::move(set.values)};
}

// A folder of originals/ and all below it, or one file in it.
Condition path_condition(Reader& reader, const QueryTerm& term) {
  static constexpr std::string_view kChildren = "SELECT id FROM folder WHERE parent_id = ?1 AND name_key = ?2";
  const std::string path = nfc(term.text);
  std::vector<std::string_view> parts = parts_of(path);
  const Condition folder = row_set(follow(reader, kChildren, parts));
  const std::string_view last = parts.empty() ? std::string_view() : parts.back();
  if (!parts.empty()) parts.pop_back();
  const Condition parent = row_set(follow(reader, kChildren, parts));
  Condition condition{
      fmt::format(
          "(a.id IN (WITH RECURSIVE down (id) AS ({} UNION SELECT f.id FROM folder f JOIN down ON f.parent_id = "
          "down.id) SELECT e.asset_id FROM folder_entry e JOIN down ON e.folder_id = down.id) OR a.id IN "
          "(SELECT asset_id FROM folder_entry WHERE folder_id IN ({}) AND name_key = ?))",
          folder.sql, parent.sql),
      folder.values};
  condition.values.insert(condition.values.end(), parent.values.begin(), parent.values.end());
  condition.values.emplace_back(std::string(last));
  return condition;
}

Condition condition_of(Reader& reader, const QueryTerm& term) {
  switch (term.field) {
    case Field::kWord: return word_condition(term);
    case Field::kType: return {"a.kind = ?", {term.number}};
    case Field::kTag: return tag_condition(reader, term);
    case Field::kDate: return {"(a.day >= ? AND a.day < ?)", {term.number, term.number_end}};
    case Field::kCamera:
      return {"coalesce(a.camera_id IN (SELECT id FROM camera WHERE instr(name_key, ?) > 0), 0)", {term.text}};
    case Field::kRating: return {fmt::format("coalesce(a.rating, 0) {} ?", sign(term.comparison)), {term.number}};
    case Field::kExtension:
      return {"(length(a.label_key) > length(?) AND substr(a.label_key, -length(?)) = ?)",
              {"." + term.text, "." + term.text, "." + term.text}};
    case Field::kSize: return {fmt::format("a.size {} ?", sign(term.comparison)), {term.number}};
    case Field::kPath: return path_condition(reader, term);
  }
  return {"1", {}};
}

}  // namespace

void search(Reader& reader, const std::vector<QueryTerm>& terms, int64_t after,
            const std::function<bool(int64_t asset)>& visit) {
  std::string sql = "SELECT a.id FROM asset a WHERE a.id > ?";
  std::vector<Value> values = {after};
  for (const QueryTerm& term : terms) {
    Condition condition = condition_of(reader, term);
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
