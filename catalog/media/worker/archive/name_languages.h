// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace damfs::worker {

enum class NameScript : uint8_t { kLatin, kCyrillic, kGreek, kHebrew, kArabic, kThai, kChinese, kJapanese, kKorean };
// Those whose encodings have several bytes for a character.
constexpr bool is_of_east(NameScript script) { return script >= NameScript::kChinese; }

// A language as names of files are written in it: which of its letters are not ASCII, the most frequent first and small
// ones alone where there are capitals. Of those with thousands of characters: the ones that people use most.
struct NameLanguage {
  std::string_view tag;
  NameScript script;
  double prior;  // decimal logarithm: how much seldomer than the others those who write it name files
  std::u32string_view letters;
};

// An encoding that names may be in, and the languages that are written in it.
struct NameCharset {
  std::string_view name;                     // Charset::name
  double prior;                              // decimal logarithm: how seldom archives have it
  std::span<const std::string_view> spoken;  // NameLanguage::tag
};

// In the order in which one that reads the same as another goes before it.
std::span<const NameCharset> name_charsets();
const NameLanguage& name_language(std::string_view tag);  // one of name_charsets()

}  // namespace damfs::worker
