// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "catalog/media/worker/archive/name_languages.h"

namespace damfs::worker {

// A character of a name, and the bytes that it was read from as one number, the first of them the highest.
struct NameCharacter {
  char32_t text = 0;
  uint32_t bytes = 0;
};

// How likely it is that somebody who writes that language calls a file so.
class NameLikelihood {
 public:
  explicit NameLikelihood(const NameLanguage& language);
  // A decimal logarithm, of all that is not ASCII; never above 0. `charset`: what it was read in. Those of East Asia
  // have the characters that are in use in a region of their own.
  double of(std::span<const NameCharacter> name, std::string_view charset) const;

 private:
  double of_character(const NameCharacter& character, std::string_view charset) const;
  double of_place(char32_t before, char32_t character) const;

  const NameLanguage& language_;
  std::unordered_map<char32_t, double> letters_;
};

}  // namespace damfs::worker
