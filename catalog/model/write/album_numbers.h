// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace damfs {

// Positions in an album are multiples of this: the item at the n-th has the number n. An item that is removed leaves
// its number free, so that no name changes under a program that removes or moves one file after the other.
inline constexpr int64_t kAlbumGap = 1 << 20;
inline constexpr int64_t kLargestNumber = 999'999'999;

// "003 a.jpg": as wide as the album's last position needs, and three digits at least.
size_t number_width(int64_t last_position);
std::string numbered_name(int64_t position, int64_t last_position, std::string_view label);

struct NumberedName {
  int64_t number = 0;
  std::string_view digits;
  std::string_view label;
};
// Empty: it does not begin with a number of an album, or nothing stands behind that.
std::optional<NumberedName> split_number(std::string_view name);

// What a name means that a file is put into an album under. The number counts when what stands behind it is the file's
// own label; else only if it looks like one of this album's, for many a name begins with a year or a count.
std::optional<NumberedName> number_meant(std::string_view name, int64_t last_position, std::string_view own_label);

}  // namespace damfs
