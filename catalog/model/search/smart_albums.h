// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/model/search/query.h"

namespace damfs {

class Statements;

// An album as a search meets it: by its items, or, when it is a smart one, by its query.
struct MeantAlbum {
  int64_t id = 0;
  std::string query;  // empty: filled by hand
};

// The albums that an `album:` term means, those below them counted: a path leads from the top, a single name is found
// wherever it stands.
std::vector<MeantAlbum> albums_meant(Statements& statements, const QueryTerm& term);
std::vector<MeantAlbum> albums_below(Statements& statements, int64_t album);

// Whether that album can have that query: it does not lead back to the album, and asks for no more smart albums within
// smart albums than a search looks into.
bool can_nest(Statements& statements, int64_t album, const std::vector<QueryTerm>& terms);

// Keeps the queries within a query finite, and within what SQLite parses. A smart album is refused a query that does
// not nest, but albums that are changed or renamed later may yet make a circle: what is not looked into holds nothing.
class QueryNesting {
 public:
  // False: this album's query is not to be looked into here.
  bool enter(int64_t album);
  bool is_open(int64_t album) const;
  void leave() { open_.pop_back(); }

 private:
  static constexpr size_t kDeepest = 4;
  static constexpr int kMost = 64;

  std::vector<int64_t> open_;
  int left_ = kMost;
};

}  // namespace damfs
