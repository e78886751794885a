// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/numbers.h"

namespace damfs {

// What people ask for: words and `field:value` terms, all of which must hold; a leading '-' excludes; quotes keep
// spaces together.
//
//   beach -draft "golden hour" type:video tag:places/italy date:2024-05 date:2020..2022 camera:nikon
//   rating:>=4 ext:jpg size:>10M path:2024/rome album:Holidays/Rome
struct QueryTerm {
  enum class Field : uint8_t { kWord, kType, kTag, kDate, kLabel, kRating, kExtension, kSize, kPath, kAlbum, kInside };
  enum class Comparison : uint8_t { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  Field field = Field::kWord;
  Grouping grouping = Grouping::kAll;  // kLabel: whose label
  bool excluded = false;
  bool phrase = false;  // a quoted word: these words in this order
  Comparison comparison = Comparison::kEqual;
  std::string text;        // word, tag or album path, label, extension without dot, folder path
  int64_t number = 0;      // type: Kind; rating: stars; size: bytes; date: Day::key of the first day meant
  int64_t number_end = 0;  // date: Day::key just behind the last day meant
};

inline constexpr size_t kMostQueryTerms = 64;

// Forgiving: for somebody who still types, and for queries that were kept; an open quote runs to the end, and OR is a
// word. Strict: such a thing is refused.
enum class QueryReading : uint8_t { kForgiving, kStrict };

// "type", "tag" … : what may stand before a colon.
std::vector<std::string> query_fields();

// Throws Error(EINVAL) that says what was not understood and what would be. Any bytes may come in.
std::vector<QueryTerm> parse_query(std::string_view text, QueryReading reading = QueryReading::kForgiving);

}  // namespace damfs
