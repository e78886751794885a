// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/texture_map.h"

namespace damfs {

// One word of a file's name.
struct NameWord {
  size_t begin = 0, end = 0;  // in the name
  std::string text;           // folded
};
std::vector<NameWord> words_of(std::string_view name);  // parted by what separates words, not by case
// Where "BaseColor" has its capitals after small letters, each part is one; they follow on one another.
std::vector<NameWord> parts_of(std::string_view name, const NameWord& word);

// What a name's last words are a map of: of `words`, those that say it are `first` to the one before `end`; behind them
// stand only such as tell a size, a tile, a format.
struct NamedRole {
  MapRole role;
  size_t first = 0, end = 0;
  bool is_initial = false;  // by one or two letters, as Unreal's artists do: "T_Brick_N"
};
std::optional<NamedRole> role_at_end(const std::vector<NameWord>& words);

// "2k", "16K", "2048", "2048x2048": pixels. 0: it is none.
int64_t resolution_of(std::string_view word);
bool is_format_word(std::string_view word);  // "png", "16bit": nothing of the material
// A picture of the material, made for people: "preview", "thumb", "render" …
bool is_portrait_word(std::string_view word);

}  // namespace damfs
