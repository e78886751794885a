// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace damfs {

// The digest of what all schema steps together make; Catalog::newest_schema() finds it by making it. A test tells when
// it was forgotten after a step, which costs every verb a moment and nothing else.
inline constexpr std::string_view kNewestSchema = "ccc21a15dbc1a7cc657fdfba516c4173c24d7ce8d02963c3ff82554d0cbe62dd";

}  // namespace damfs
