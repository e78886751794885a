// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search/word_matcher.h"

#include <string_view>

namespace damfs {
namespace {

// Tokenized as the catalog's own index is (schema-1.sql), or it would find other words.
db::Database& with_index(db::Database& database) {
  database.execute(
      "CREATE VIRTUAL TABLE one USING fts5 (names, title, description, tags, camera, content = '', "
      "tokenize = 'unicode61 remove_diacritics 2')");
  return database;
}

}  // namespace

std::string fts_term(const QueryTerm& term) {
  std::string quoted = "\"";
  for (const char c : term.text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + (term.phrase ? "\"" : "\"*");
}

WordMatcher::WordMatcher()
    : database_(),
      clear_(with_index(database_), "INSERT INTO one (one) VALUES ('delete-all')"),
      insert_(database_,
              "INSERT INTO one (rowid, names, title, description, tags, camera) VALUES (1, ?1, ?2, ?3, ?4, ?5)"),
      match_(database_, "SELECT 1 FROM one WHERE one MATCH ?1") {}

void WordMatcher::load(const SearchText& text) {
  clear_.run();
  const db::Use row(insert_);
  for (size_t i = 0; i < text.size(); ++i) insert_.bind(static_cast<int>(i) + 1, std::string_view(text[i]));
  insert_.run();
}

bool WordMatcher::has(const QueryTerm& term) {
  const db::Use row(match_);
  match_.bind_all(std::string_view(fts_term(term)));
  return match_.step();
}

}  // namespace damfs
