// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/base/digest.h"

namespace damfs {

// What a derived file is a pure function of.
struct DerivedKey {
  Digest source;
  std::string profile;       // [a-z0-9-]+
  int recipe = 0;            // version of the recipe
  std::string text() const;  // unique, and the file's name in the cache
  static std::optional<DerivedKey> parse(std::string_view text);
  // Where the file called `name` stands below the cache's folder: it is text(), in libraries of former versions with an
  // ending. Empty for whatever is no such name, so that no row and no stranger's file leads anywhere else.
  static std::optional<std::string> place_of(std::string_view name);
  friend bool operator==(const DerivedKey&, const DerivedKey&) = default;
};

}  // namespace damfs
