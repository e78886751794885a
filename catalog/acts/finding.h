// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/catalog.h"
#include "catalog/model/packs.h"
#include "catalog/model/read/details.h"

namespace damfs {

// What a query is for, in the words of `damfs find`: EINVAL for what is no query.

enum class ExactCopies : uint8_t { kOldest, kAll };  // which of those for which the query holds

// The assets, rising. The visitor is given a reader of its own, and returns false to stop.
void find_assets(Catalog& catalog, std::string_view query, ExactCopies copies,
                 const std::function<bool(Reader&, int64_t asset)>& visit);
std::vector<int64_t> found_assets(Reader& reader, std::string_view query, ExactCopies copies);

// All that hold the same bytes, group by group, where the query holds for one of them. The visitor as above.
void find_duplicates(Catalog& catalog, std::string_view query,
                     const std::function<bool(Reader&, const std::vector<int64_t>& assets)>& visit);

// What is in an archive.
struct Inside {
  std::string pack;  // its name among all archives
  PackReader::Count count;
  std::vector<PackReader::Oddity> oddities;  // the first of them
  std::string names, names_runner_up;        // NamesRead
};
// Empty: it is no archive.
std::optional<Inside> look_inside(Reader& reader, const Details& details);

}  // namespace damfs
