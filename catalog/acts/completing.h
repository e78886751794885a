// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/read/reader.h"

namespace damfs {

// What a name that is being typed may become: as paths, as far as the next slash, `most` of each kind.

// Folders, tags or albums.
std::vector<std::string> groups_like(Reader& reader, Grouping grouping, std::string_view typed, int64_t most);

// What an item can be (items.h): where a slash was typed, what is in that folder of originals/, else a label as well. A
// folder ends with a slash.
std::vector<std::string> items_like(Reader& reader, std::string_view typed, int64_t most);

}  // namespace damfs
