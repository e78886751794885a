// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalog/model/read/reader.h"

namespace damfs {

// What an act is about, as it was named: each by a path relative to originals/ (a folder means all that is below it), a
// label, or #ID.
struct Items {
  std::vector<std::string> named;
  std::string query{};  // and all that this finds; empty: none
  bool is_empty() const { return named.empty() && query.empty(); }
};

// For those whose items may also be paths of this machine: what is shown there. Empty: nothing of the library, and it
// may be called so all the same.
struct ItemsAt {
  std::vector<int64_t> assets;
  std::string problem{};  // why that is not all
};
using AtPath = std::function<std::optional<ItemsAt>(const std::string& item)>;

struct MissedItem {
  enum class Why : uint8_t {
    kUnknown,       // nothing is called so
    kNothingFound,  // it is a query, for which nothing holds
    kAtPath,        // AtPath's problem
  };
  Why why = Why::kUnknown;
  std::string item;
  std::string meant{};    // kUnknown: what is called much like it, as a path below originals/; empty: nothing is
  std::string problem{};  // kAtPath
};

struct FoundItems {
  std::vector<int64_t> assets;  // each once, in the order in which they were named
  std::vector<MissedItem> missed;
};

// EINVAL where nothing is named, or for a query that is none.
FoundItems find_items(Reader& reader, const Items& items, const AtPath& at_path = {});

}  // namespace damfs
