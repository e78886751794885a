// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search/smart_albums.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/model/search/query_text.h"

namespace damfs {
namespace {

constexpr int64_t kTop = 1;

std::vector<int64_t> ids_of(db::Statement& statement) {
  std::vector<int64_t> ids;
  while (statement.step()) ids.push_back(statement.integer(0));
  return ids;
}

std::vector<int64_t> albums_called(db::Database& database, const std::string& text) {
  if (text.find('/') == std::string::npos) {
    db::Statement named(database, "SELECT id FROM album WHERE name_key = ?1 AND id > 1 ORDER BY id");
    named.bind_all(std::string_view(text));
    return ids_of(named);
  }
  std::vector<int64_t> at = {kTop};
  db::Statement children(database, "SELECT id FROM album WHERE parent_id = ?1 AND name_key = ?2");
  for (const std::string_view part : path_parts(text)) {
    const db::Use rows(children);
    children.bind_all(at.front(), part);
    at = ids_of(children);
    if (at.empty()) break;
  }
  return at;
}

std::vector<MeantAlbum> with_all_below(db::Database& database, const std::vector<int64_t>& ids) {
  db::Statement below(
      database,
      "WITH RECURSIVE down (id) AS (SELECT value FROM json_each(?1) UNION SELECT b.id FROM album b "
      "JOIN down ON b.parent_id = down.id) SELECT a.id, a.query FROM down CROSS JOIN album a USING (id)");
  below.bind_all(std::string_view(fmt::format("[{}]", fmt::join(ids, ","))));
  std::vector<MeantAlbum> albums;
  while (below.step()) albums.push_back({below.integer(0), std::string(below.text(1))});
  return albums;
}

bool enter_all(db::Database& database, int64_t album, const std::vector<QueryTerm>& terms, QueryNesting& nesting) {
  if (!nesting.enter(album)) return false;
  for (const QueryTerm& term : terms) {
    if (term.field != QueryTerm::Field::kAlbum) continue;
    for (const MeantAlbum& meant : albums_meant(database, term)) {
      const bool is_smart = !meant.query.empty() || nesting.is_open(meant.id);
      if (is_smart && !enter_all(database, meant.id, parse_query(meant.query), nesting)) return false;
    }
  }
  nesting.leave();
  return true;
}

}  // namespace

std::vector<MeantAlbum> albums_meant(db::Database& database, const QueryTerm& term) {
  return with_all_below(database, albums_called(database, term.text));
}

std::vector<MeantAlbum> albums_below(db::Database& database, int64_t album) {
  return with_all_below(database, {album});
}

bool can_nest(db::Database& database, int64_t album, const std::vector<QueryTerm>& terms) {
  QueryNesting nesting;
  return enter_all(database, album, terms, nesting);
}

bool QueryNesting::is_open(int64_t album) const { return std::find(open_.begin(), open_.end(), album) != open_.end(); }

bool QueryNesting::enter(int64_t album) {
  if (is_open(album) || open_.size() >= kDeepest || left_ == 0) return false;
  --left_;
  open_.push_back(album);
  return true;
}

}  // namespace damfs
