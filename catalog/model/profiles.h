// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace damfs {

class Catalog;
class Reader;

// A preview profile that the library's settings name, or once named.
struct ProfileRow {
  int64_t code = 0;  // stands in inode numbers: never reused
  std::string name;
  std::string spec;  // everything that decides a preview's bytes
  int64_t added_ns = 0;
};

std::vector<ProfileRow> profiles(Reader& reader);  // by code

// The row of that profile, made now with the next code when there is none. ENOSPC when all codes were given out.
ProfileRow ensure_profile(Catalog& catalog, std::string_view name, std::string_view spec);

}  // namespace damfs
