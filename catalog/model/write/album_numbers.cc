// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/album_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "catalog/base/names.h"

namespace damfs {
namespace {

constexpr size_t kLeastWidth = 3;

}  // namespace

size_t number_width(int64_t last_position) {
  return std::max(kLeastWidth, std::to_string(last_position / kAlbumGap).size());
}

std::string numbered_name(int64_t position, int64_t last_position, std::string_view label) {
  return fmt::format("{:0{}} {}", position / kAlbumGap, number_width(last_position), label);
}

std::optional<NumberedName> split_number(std::string_view name) {
  NumberedName split;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), split.number);
  const auto digits = static_cast<size_t>(end - name.data());
  const bool is_number = error == std::errc() && split.number >= 1 && split.number <= kLargestNumber;
  if (!is_number || name.size() < digits + 2 || name[digits] != ' ') return std::nullopt;
  split.digits = name.substr(0, digits);
  split.label = name.substr(digits + 1);
  return split;
}

std::optional<NumberedName> number_meant(std::string_view name, int64_t last_position, std::string_view own_label) {
  auto split = split_number(name);
  if (!split || nfc(split->label) == nfc(own_label)) return split;
  const bool is_next = split->number <= last_position / kAlbumGap + 1;
  const bool looks_so = split->digits.size() == number_width(last_position) && (split->digits[0] == '0' || is_next);
  return looks_so ? split : std::nullopt;
}

}  // namespace damfs
