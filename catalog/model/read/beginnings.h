// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/rows.h"

namespace damfs {

class Reader;

// What is in the catalog under a name that somebody is still typing, in the order of the names and at most so many of
// each: a range of one index each, however many there are. Names are compared as Reader finds them: those of folders
// and of what is in them by case, all others without.

// Of the groups directly below one of a stored tree: folders, tags, albums.
std::vector<std::string> groups_beginning(Reader& reader, Grouping grouping, int64_t key, std::string_view beginning,
                                          int64_t most);
std::vector<std::string> entries_beginning(Reader& reader, int64_t folder, std::string_view beginning, int64_t most);
std::vector<std::string> labels_beginning(Reader& reader, std::string_view beginning, int64_t most);

}  // namespace damfs
