// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/model/catalog.h"

namespace damfs {

// What is said of assets. What is empty stays as it is; an empty text takes away what was said.
struct WordsToSet {
  bool sets_rating = false;
  std::optional<int64_t> rating{};  // then that: -1 (rejected) to 5; empty: none
  std::optional<std::string> title{}, description{};
};

// In one act. Returns of how many assets anything changed. EINVAL for a rating or words that cannot be.
int64_t set_words(Catalog& catalog, const Act& act, const std::vector<int64_t>& assets, const WordsToSet& words);

}  // namespace damfs
