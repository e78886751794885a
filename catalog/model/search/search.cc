// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "catalog/base/names.h"
#include "catalog/model/search/query_text.h"
#include "catalog/model/search/smart_albums.h"
#include "catalog/model/search/word_matcher.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

using Field = QueryTerm::Field;
using Comparison = QueryTerm::Comparison;
using Value = std::variant<int64_t, std::string>;

// How much of the library a condition leaves, roughly; the one that leaves least finds the assets, the others only
// try them. The planner has no statistics and would take any index for a good one.
enum class Leaves : uint8_t { kMost, kMany, kSome, kFew };

// A condition on asset `a`, its values still to be bound. The text is made of constants only; '@' in it becomes a '+',
// which keeps the planner from an index, or nothing.
struct Condition {
  std::string sql;
  std::vector<Value> values;
  Leaves leaves = Leaves::kMost;
  bool sorts = false;  // its index gives ids in no order, which the planner shuns even where it leaves few
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

constexpr int64_t kYearKeys = 512;  // clock.h: Day::key of one year and the next are so far apart

constexpr StatementName kTagChildren = "tags_in_tag";
constexpr std::string_view kTagCalled =
    "SELECT id FROM tag WHERE name_key = ? UNION SELECT id FROM tag WHERE text_key = ? AND text_key IS NOT NULL";
constexpr StatementName kFolderChildren = "folders_in_folder";
constexpr std::string_view kBelowTag =
    "@a.id IN (WITH RECURSIVE down (id) AS ({} UNION SELECT t.id FROM tag t JOIN down ON t.parent_id = down.id) "
    "SELECT asset_id FROM asset_tag JOIN down ON tag_id = down.id)";

// The ids at the end of a path from a stored tree's top. It is followed step by step, for one statement nested as
// deeply as somebody can type would not parse.
std::vector<int64_t> follow(Reader& reader, StatementName name, const std::vector<std::string_view>& parts) {
  std::vector<int64_t> at = {1};
  for (const std::string_view part : parts) {
    std::vector<int64_t> next;
    for (const int64_t id : at) {
      db::Use children(reader.statement(name));
      children->bind_all(id, part);
      while (children->step()) next.push_back(children->integer(0));
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

Condition name_condition(const QueryTerm& term) { return {"instr(a.label_key, ?) > 0", {fold(term.text)}}; }

bool is_indexed_word(const QueryTerm& term) { return term.field == Field::kWord && has_token(term.text); }

// All words as one question to the index, which crosses and subtracts faster than a join does.
std::string fts_query(const std::vector<QueryTerm>& terms) {
  std::string query;
  for (const bool excluded : {false, true}) {
    for (const QueryTerm& term : terms) {
      if (!is_indexed_word(term) || term.excluded != excluded) continue;
      query += query.empty() ? "" : excluded ? " NOT " : " AND ";
      query += fts_term(term);
    }
  }
  return query;
}

// A path names a tag from the top; a single name finds the tag wherever it stands. Sub-tags count.
Condition tag_condition(Reader& reader, const QueryTerm& term) {
  if (term.text.find('/') == std::string::npos) {
    return {fmt::format(kBelowTag, kTagCalled), {term.text, term.text}, Leaves::kFew};
  }
  std::vector<int64_t> tags = follow(reader, kTagChildren, path_parts(term.text));
  // It may be what somebody wrote in one tag, as "AC/DC".
  db::Use whole(reader.statement("tags_written_so"));
  whole->bind_all(std::string_view(term.text));
  while (whole->step()) tags.push_back(whole->integer(0));
  Condition set = row_set(tags);
  return {fmt::format(kBelowTag, set.sql), std::move(set.values), Leaves::kFew};
}

// A folder of originals/ and all below it, or one file in it.
Condition path_condition(Reader& reader, const QueryTerm& term) {
  const std::string path = nfc(term.text);
  std::vector<std::string_view> parts = path_parts(path);
  const Condition folder = row_set(follow(reader, kFolderChildren, parts));
  const std::string_view last = parts.empty() ? std::string_view() : parts.back();
  if (!parts.empty()) parts.pop_back();
  const Condition parent = row_set(follow(reader, kFolderChildren, parts));
  Condition condition{
      fmt::format(
          "@a.id IN (WITH RECURSIVE down (id) AS ({} UNION SELECT f.id FROM folder f JOIN down ON f.parent_id = "
          "down.id) SELECT e.asset_id FROM folder_entry e JOIN down ON e.folder_id = down.id UNION "
          "SELECT asset_id FROM folder_entry WHERE folder_id IN ({}) AND name_key = ?)",
          folder.sql, parent.sql),
      folder.values, Leaves::kFew};
  condition.values.insert(condition.values.end(), parent.values.begin(), parent.values.end());
  condition.values.emplace_back(std::string(last));
  return condition;
}

Condition rating_condition(const QueryTerm& term) {
  // No rating counts as 0, which no index knows.
  const bool only_rated =
      term.comparison == Comparison::kGreater ||
      (term.number > 0 && term.comparison != Comparison::kLess && term.comparison != Comparison::kLessOrEqual);
  if (term.excluded || !only_rated)
    return {fmt::format("coalesce(a.rating, 0) {} ?", sign(term.comparison)), {term.number}};
  return {fmt::format("@a.rating {} ?", sign(term.comparison)), {term.number}, Leaves::kSome};
}

Condition label_condition(const GroupingRow& grouping, const QueryTerm& term) {
  std::string those =
      fmt::format("@a.{} IN (SELECT id FROM {} WHERE instr(name_key, ?) > 0)", grouping.column, grouping.name);
  if (term.excluded) return {fmt::format("coalesce({}, 0)", those), {term.text}};
  return {std::move(those), {term.text}, Leaves::kSome};
}

Condition date_condition(int64_t first, int64_t end) {
  // Many years are best read through in order.
  const bool few = end - first <= kYearKeys;
  return {"(@a.day >= ? AND @a.day < ?)", {first, end}, few ? Leaves::kSome : Leaves::kMost, few};
}

struct SearchStatement {
  std::string sql;  // what follows the columns, which are a's; in no order …
  const char* id;   // … but this column can give one
  std::vector<Value> values;
};
SearchStatement make_search(Reader& reader, const Criteria& criteria, int64_t after, QueryNesting& nesting);

// What is in albums by hand, and what the queries of the smart ones among them find.
Condition album_condition(Reader& reader, const std::vector<MeantAlbum>& albums, QueryNesting& nesting) {
  std::vector<int64_t> by_hand;
  Condition found{"", {}};
  for (const MeantAlbum& album : albums) {
    if (album.query.empty()) by_hand.push_back(album.id);
    if (album.query.empty() || !nesting.enter(album.id)) continue;
    SearchStatement search = make_search(reader, {{}, parse_query(album.query)}, 0, nesting);
    nesting.leave();
    found.sql += " UNION ALL SELECT a.id" + search.sql;
    std::move(search.values.begin(), search.values.end(), std::back_inserter(found.values));
  }
  Condition all = row_set(by_hand);
  all.sql = fmt::format("@a.id IN (SELECT asset_id FROM album_item WHERE album_id IN ({}){})", all.sql, found.sql);
  std::move(found.values.begin(), found.values.end(), std::back_inserter(all.values));
  all.leaves = Leaves::kFew;
  return all;
}

Condition condition_of(Reader& reader, const QueryTerm& term, QueryNesting& nesting) {
  switch (term.field) {
    case Field::kWord: return name_condition(term);
    case Field::kType: return {"@a.kind = ?", {term.number}, Leaves::kMany};
    case Field::kTag: return tag_condition(reader, term);
    case Field::kDate: return date_condition(term.number, term.number_end);
    case Field::kLabel: return label_condition(row_of(term.grouping), term);
    case Field::kRating: return rating_condition(term);
    case Field::kExtension:
      return {"(length(a.label_key) > length(?) AND substr(a.label_key, -length(?)) = ?)",
              {"." + term.text, "." + term.text, "." + term.text}};
    case Field::kSize: return {fmt::format("a.size {} ?", sign(term.comparison)), {term.number}};
    case Field::kPath: return path_condition(reader, term);
    case Field::kAlbum: return album_condition(reader, albums_meant(reader.statements(), term), nesting);
    case Field::kInside:
      return {
          "@a.id IN (SELECT n.id FROM member_search s JOIN version v ON v.blob_id = (s.rowid >> 20) JOIN asset n ON "
          "n.id = v.asset_id AND n.version_id = v.id WHERE s.member_search MATCH ?)",
          {fts_term(term)},
          Leaves::kFew};
  }
  return {"1", {}};
}

Condition condition_of(Reader& reader, const Criteria::Within& within, QueryNesting& nesting) {
  const GroupingRow& of = row_of(within.grouping);
  if (!of.column.empty()) {
    return {fmt::format("@a.{} = ?", of.column), {within.key}, of.is_coarse ? Leaves::kMany : Leaves::kSome};
  }
  switch (within.grouping) {
    case Grouping::kTag: return {fmt::format(kBelowTag, "SELECT ?"), {within.key}, Leaves::kFew};
    case Grouping::kAlbum: return album_condition(reader, albums_below(reader.statements(), within.key), nesting);
    case Grouping::kYear:
      if (within.key % kYearKeys != 0) return {"0", {}};  // it is no year's
      return date_condition(within.key, within.key + kYearKeys);
    case Grouping::kRecent:
      return {"@a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')", {}, Leaves::kFew};
    default: return {"1", {}};
  }
}

std::vector<Condition> conditions_of(Reader& reader, const Criteria& criteria, QueryNesting& nesting) {
  std::vector<Condition> conditions;
  if (criteria.within) conditions.push_back(condition_of(reader, *criteria.within, nesting));
  for (const QueryTerm& term : criteria.terms) {
    if (is_indexed_word(term)) continue;
    Condition condition = condition_of(reader, term, nesting);
    if (term.excluded) {
      condition.sql = "NOT " + condition.sql;
      condition.leaves = Leaves::kMost;
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

// Excluded words alone: nothing is there yet to subtract them from.
Condition without_words(const std::vector<QueryTerm>& terms) {
  Condition condition{"1", {}};
  for (const QueryTerm& term : terms) {
    if (!is_indexed_word(term)) continue;
    condition.sql += " AND a.id NOT IN (SELECT rowid FROM asset_search WHERE asset_search MATCH ?)";
    condition.values.emplace_back(fts_term(term));
  }
  return condition;
}

SearchStatement make_search(Reader& reader, const Criteria& criteria, int64_t after, QueryNesting& nesting) {
  std::vector<Condition> conditions = conditions_of(reader, criteria, nesting);
  const bool by_words = std::any_of(criteria.terms.begin(), criteria.terms.end(),
                                    [](const QueryTerm& term) { return is_indexed_word(term) && !term.excluded; });
  if (!by_words) conditions.push_back(without_words(criteria.terms));
  const auto finder = std::max_element(conditions.begin(), conditions.end(),
                                       [](const Condition& a, const Condition& b) { return a.leaves < b.leaves; });
  SearchStatement search{{}, by_words ? "s.rowid" : "a.id", {}};
  if (by_words) {
    search.sql =
        " FROM asset_search s CROSS JOIN asset a ON a.id = s.rowid WHERE s.asset_search MATCH ? AND s.rowid "
        "> ? AND a.state = 0";
    search.values = {fts_query(criteria.terms), after};
  } else {
    search.sql = fmt::format(" FROM asset a WHERE a.state = 0 AND {}a.id > ?", finder->sorts ? "+" : "");
    search.values = {after};
  }
  for (auto each = conditions.begin(); each != conditions.end(); ++each) {
    const bool finds = !by_words && each == finder && each->leaves != Leaves::kMost;
    search.sql += " AND ";
    for (const char c : each->sql) {
      if (c != '@') {
        search.sql += c;
      } else if (!finds) {
        search.sql += '+';
      }
    }
    search.values.insert(search.values.end(), each->values.begin(), each->values.end());
  }
  return search;
}

// Whether it asks for what equal bytes always have in common.
bool is_the_bytes_alone(const Criteria& criteria) {
  const bool is_of_bytes = !criteria.within || row_of(criteria.within->grouping).is_of_bytes;
  return is_of_bytes && std::all_of(criteria.terms.begin(), criteria.terms.end(), [](const QueryTerm& term) {
           return term.field == Field::kType || term.field == Field::kLabel || term.field == Field::kSize ||
                  term.field == Field::kInside;
         });
}

// Of many copies among what is found, which one is shown is asked once.
class OldestFound {
 public:
  OldestFound(Reader& reader, const Criteria& criteria) : reader_(reader), criteria_(criteria) {}

  int64_t of(int64_t asset, int64_t blob, std::string_view reach) {
    if (known_.size() >= kMostKnown) known_.clear();
    const auto [at, is_new] = known_.try_emplace(fmt::format("{} {}", blob, reach), 0);
    if (is_new) at->second = oldest_that_matches(reader_, criteria_, asset);
    return at->second;
  }

 private:
  static constexpr size_t kMostKnown = 1 << 15;
  Reader& reader_;
  const Criteria& criteria_;
  std::unordered_map<std::string, int64_t> known_;
};

}  // namespace

void search(Reader& reader, const Criteria& criteria, int64_t after, const std::function<bool(int64_t asset)>& visit) {
  QueryNesting nesting;
  const SearchStatement search = make_search(reader, criteria, after, nesting);
  const bool oldest_alone = !criteria.with_copies;
  db::Statement statement(
      reader.database(),
      fmt::format("SELECT a.id, a.standing, a.blob_id, a.reach{}{} ORDER BY {}", search.sql,
                  oldest_alone && is_the_bytes_alone(criteria) ? " AND a.standing = 0" : " AND a.standing <> 2",
                  search.id));
  OldestFound oldest(reader, criteria);
  for (size_t i = 0; i < search.values.size(); ++i) {
    if (const auto* number = std::get_if<int64_t>(&search.values[i])) {
      statement.bind(static_cast<int>(i) + 1, *number);
    } else {
      statement.bind(static_cast<int>(i) + 1, std::string_view(std::get<std::string>(search.values[i])));
    }
  }
  while (statement.step()) {
    const int64_t asset = statement.integer(0);
    const bool is_copy = oldest_alone && statement.integer(1) != 0;
    if (is_copy && oldest.of(asset, statement.integer(2), statement.text(3)) != asset) continue;
    if (!visit(asset)) return;
  }
}

bool leads_somewhere(Reader& reader, const QueryTerm& term) {
  if (term.field == Field::kTag) return !follow(reader, kTagChildren, path_parts(term.text)).empty();
  if (term.field == Field::kAlbum) return !albums_meant(reader.statements(), term).empty();
  if (term.field != Field::kPath) return false;
  const std::string path = nfc(term.text);
  return !follow(reader, kFolderChildren, path_parts(path)).empty();
}

}  // namespace damfs
