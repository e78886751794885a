// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "catalog/db/database.h"
#include "catalog/model/rows.h"
#include "catalog/model/search/query.h"

namespace damfs {

// FTS5's own quoting of a word or phrase; a bare word also finds what begins with it.
std::string fts_term(const QueryTerm& term);

// Whether words are found in one asset's text, exactly as the whole library's index would find them. The index itself
// cannot say: asked for one row, it still gathers every row with a word of that beginning. Not thread-safe.
class WordMatcher {
 public:
  WordMatcher();
  void load(const SearchText& text);
  bool has(const QueryTerm& term);

 private:
  db::Database database_;
  db::Statement clear_, insert_, match_;
};

}  // namespace damfs
