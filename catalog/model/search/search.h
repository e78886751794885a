// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "catalog/model/read/reader.h"
#include "catalog/model/search/query.h"

namespace damfs {

// Which assets are meant: those of a group and the groups below it, or of the whole library, for which every term
// holds.
struct Criteria {
  struct Within {
    Grouping grouping;
    int64_t key;
  };
  std::optional<Within> within;
  std::vector<QueryTerm> terms;
  bool with_copies = false;  // all of exact copies for which it holds, not the oldest alone
};

// Calls `visit` with the ids of the assets that are meant, rising, those behind `after`, until it returns false. Uses
// `reader` all the while.
void search(Reader& reader, const Criteria& criteria, int64_t after, const std::function<bool(int64_t asset)>& visit);
inline void search(Reader& reader, const std::vector<QueryTerm>& terms, int64_t after,
                   const std::function<bool(int64_t asset)>& visit) {
  search(reader, Criteria{{}, terms}, after, visit);
}

// Whether `search` would give that asset, found in the time that one asset takes. Its name must be its label.
bool matches(Reader& reader, const Criteria& criteria, const FoundAsset& asset);

// The oldest of an asset and its copies for which the criteria hold; 0: for none.
int64_t oldest_that_matches(Reader& reader, const Criteria& criteria, int64_t asset);

// Whether the path of a `tag:`, `album:` or `path:` term leads to a tag, album or folder from the top.
bool leads_somewhere(Reader& reader, const QueryTerm& term);

}  // namespace damfs
