// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace damfs {

// Whether AppArmor takes that path for one of the pattern's: * and ? within a name, ** across names, {a,b}, and the
// variables of its tunables. A variable that is not known here stands for anything.
bool is_place_like(std::string_view path, std::string_view pattern);

}  // namespace damfs
