// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/suggest.h"

#include <algorithm>

namespace damfs {

size_t misspelled_by(std::string_view typed, std::string_view meant) {
  std::vector<size_t> row_before, above(meant.size() + 1), row(meant.size() + 1);
  for (size_t m = 0; m <= meant.size(); ++m) above[m] = m;
  for (size_t t = 1; t <= typed.size(); ++t) {
    row[0] = t;
    for (size_t m = 1; m <= meant.size(); ++m) {
      const bool same = typed[t - 1] == meant[m - 1];
      row[m] = std::min({above[m] + 1, row[m - 1] + 1, above[m - 1] + (same ? 0 : 1)});
      const bool swapped = t > 1 && m > 1 && typed[t - 1] == meant[m - 2] && typed[t - 2] == meant[m - 1];
      if (swapped) row[m] = std::min(row[m], row_before[m - 2] + 1);
    }
    row_before = above;
    above = row;
  }
  return above.back();
}

std::optional<std::string> most_similar(std::string_view typed, const std::vector<std::string>& words) {
  std::optional<std::string> best;
  size_t fewest = std::max<size_t>(1, typed.size() / 3) + 1;
  for (const std::string& word : words) {
    const size_t apart = std::max(typed.size(), word.size()) - std::min(typed.size(), word.size());
    if (apart >= fewest) continue;
    const size_t wrong = misspelled_by(typed, word);
    if (wrong >= fewest) continue;
    fewest = wrong;
    best = word;
  }
  return best;
}

}  // namespace damfs
