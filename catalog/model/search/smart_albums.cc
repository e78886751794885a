// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search/smart_albums.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/model/search/query_text.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

constexpr int64_t kTop = 1;

template <typename... Values>
std::vector<int64_t> ids_of(db::Statement& statement, const Values&... values) {
  db::Use rows(statement);
  rows->bind_all(values...);
  std::vector<int64_t> ids;
  while (rows->step()) ids.push_back(rows->integer(0));
  return ids;
}

std::vector<int64_t> albums_called(Statements& statements, const std::string& text) {
  if (text.find('/') == std::string::npos) return ids_of(statements["albums_called"], std::string_view(text));
  std::vector<int64_t> at = {kTop};
  for (const std::string_view part : path_parts(text)) {
    at = ids_of(statements["albums_in_album"], at.front(), part);
    if (at.empty()) break;
  }
  return at;
}

std::vector<MeantAlbum> with_all_below(Statements& statements, const std::vector<int64_t>& ids) {
  const std::string bound = fmt::format("[{}]", fmt::join(ids, ","));
  db::Use below(statements["albums_with_all_below"]);
  below->bind_all(std::string_view(bound));
  std::vector<MeantAlbum> albums;
  while (below->step()) albums.push_back({below->integer(0), std::string(below->text(1))});
  return albums;
}

bool enter_all(Statements& statements, int64_t album, const std::vector<QueryTerm>& terms, QueryNesting& nesting) {
  if (!nesting.enter(album)) return false;
  for (const QueryTerm& term : terms) {
    if (term.field != QueryTerm::Field::kAlbum) continue;
    for (const MeantAlbum& meant : albums_meant(statements, term)) {
      const bool is_smart = !meant.query.empty() || nesting.is_open(meant.id);
      if (is_smart && !enter_all(statements, meant.id, parse_query(meant.query), nesting)) return false;
    }
  }
  nesting.leave();
  return true;
}

}  // namespace

std::vector<MeantAlbum> albums_meant(Statements& statements, const QueryTerm& term) {
  return with_all_below(statements, albums_called(statements, term.text));
}

std::vector<MeantAlbum> albums_below(Statements& statements, int64_t album) {
  return with_all_below(statements, {album});
}

bool can_nest(Statements& statements, int64_t album, const std::vector<QueryTerm>& terms) {
  QueryNesting nesting;
  return enter_all(statements, album, terms, nesting);
}

bool QueryNesting::is_open(int64_t album) const { return std::find(open_.begin(), open_.end(), album) != open_.end(); }

bool QueryNesting::enter(int64_t album) {
  if (is_open(album) || open_.size() >= kDeepest || left_ == 0) return false;
  --left_;
  open_.push_back(album);
  return true;
}

}  // namespace damfs
