// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/derived/derived_key.h"

#include <fmt/format.h>

#include <charconv>

namespace damfs {

std::string DerivedKey::text() const { return fmt::format("{}-{}-r{}", source.hex(), profile, recipe); }

std::optional<DerivedKey> DerivedKey::parse(std::string_view text) {
  constexpr size_t kHexDigits = 64;
  const size_t recipe_at = text.rfind("-r");
  if (recipe_at == text.npos || recipe_at < kHexDigits + 2 || text[kHexDigits] != '-') return std::nullopt;
  const auto source = Digest::from_hex(text.substr(0, kHexDigits));
  if (!source) return std::nullopt;
  DerivedKey key{*source, std::string(text.substr(kHexDigits + 1, recipe_at - kHexDigits - 1)), 0};
  if (key.profile.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != key.profile.npos) return std::nullopt;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + recipe_at + 2, end, key.recipe);
  if (error != std::errc() || rest != end || key.text() != text) return std::nullopt;
  return key;
}

std::optional<std::string> DerivedKey::place_of(std::string_view name) {
  constexpr size_t kLongestEnding = 8;
  const size_t dot = name.find('.');
  if (dot != name.npos) {
    const std::string_view ending = name.substr(dot + 1);
    if (ending.empty() || ending.size() > kLongestEnding ||
        ending.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != ending.npos) {
      return std::nullopt;
    }
  }
  const auto key = parse(name.substr(0, dot));
  if (!key || key->profile.empty()) return std::nullopt;
  return fmt::format("{}/{}/{}", key->profile, name.substr(0, 2), name);
}

}  // namespace damfs
