// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace damfs {

// How many letters are missing, too many, wrong or swapped with their neighbour; of bytes.
size_t misspelled_by(std::string_view typed, std::string_view meant);

// The one of them that somebody who typed that is likely to have meant; empty: none is like it.
std::optional<std::string> most_similar(std::string_view typed, const std::vector<std::string>& words);

}  // namespace damfs
