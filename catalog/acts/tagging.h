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

namespace damfs {

// Tags and albums, alike but for what is said: `grouping` is kTag or kAlbum, and a name a path, "a/b" for b below a.
// Each change is one act.

// What a change of a tag or an album came to.
struct Tagged {
  int64_t changed = 0;                   // assets that were put in or taken out
  std::optional<std::string> missing{};  // what nothing is called: then nothing was done
};

// Made if need be.
Tagged add_to_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::vector<int64_t>& assets);
Tagged remove_from_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                         const std::vector<int64_t>& assets);

// Another name, or another place. EEXIST where another one is called so.
Tagged rename_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::string& new_name);
// What is in it, and below it, comes into `into`.
Tagged merge_groups(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::string& into);
// With all below it; what was in it stays in the library.
Tagged delete_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name);

struct ListedGroup {
  std::string name;
  int64_t assets = 0;   // in it directly, or found by its query
  std::string query{};  // of an album that one fills
  bool numbered = false;
};
// All of them, each before what is below it.
void list_groups(Reader& reader, Grouping grouping, const std::function<void(const ListedGroup&)>& visit);

// The query that fills an album, empty where it is filled by hand. No value: there is no such album.
std::optional<std::string> album_query(Catalog& catalog, const std::string& album);
// The album is made if need be, but for an empty query. EINVAL for what is no query, ENOTEMPTY where something is in
// the album, ELOOP where the query would lead back to it.
Tagged set_album_query(Catalog& catalog, const Act& act, const std::string& album, const std::string& query);
// Whether it shows numbers before its names, in their order.
Tagged set_album_numbers(Catalog& catalog, const Act& act, const std::string& album, bool shown);

}  // namespace damfs
