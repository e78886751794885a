// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/name_likelihood.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace damfs::worker {
namespace {

// Logarithms of shares that are known only roughly: they need to be in order, not exact.
constexpr double kCommonEast = -2.8;   // one of the characters that a language's list has
constexpr double kInUse = -3.9;        // another one of the region that is in use
constexpr double kRare = -5.5;         // of the region of those that hardly anybody writes
constexpr double kForeign = -6.5;      // what the encoding has besides
constexpr double kPunctuation = -3.3;  // what is written in any language
constexpr double kOtherLetter = -4.2;  // a letter of the script, of another language
constexpr double kSign = -7;           // box drawing, mathematics, controls: nobody calls a file so
constexpr double kSignInUse = -4.5;    // "m²", "α": what some do call files
constexpr double kSignInWord = -5;
constexpr double kCapital = -0.8;  // beside small letters
constexpr double kMoreCapitals = -0.05;
constexpr double kCapitalInside = -1.7;  // behind a small one, in one word
constexpr double kScriptsInOneWord = -5;
constexpr double kAccentsInARow = -0.8;
constexpr double kMarkAlone = -3;
constexpr double kKana = -2.2;
constexpr double kHalfKana = -4.5;
constexpr double kAtTheWrongEnd = -2;  // a letter that no word begins with, or has before its end
constexpr double kSignBehind = -2;     // "â[": half of a character of East Asia

struct Region {
  std::string_view charset;
  uint32_t first, last;
  double share;
};
constexpr uint32_t kSecondByte = 0xA1;  // the least of those that EUC has, in what was made larger later on
constexpr Region kRegions[] = {
    {"gb18030", 0xB0A1, 0xD7F9, kInUse},  {"gb18030", 0xD8A1, 0xF7FE, kRare},    {"big5", 0xA440, 0xC67E, kInUse},
    {"big5", 0xC940, 0xF9D5, kRare},      {"shift-jis", 0x889F, 0x9872, kInUse}, {"shift-jis", 0x989F, 0xEAA4, kRare},
    {"shift-jis", 0x829F, 0x8396, kKana}, {"shift-jis", 0xA1, 0xDF, kHalfKana},  {"euc-jp", 0xA4A1, 0xA5F6, kKana},
    {"euc-jp", 0xB0A1, 0xCFD3, kInUse},   {"euc-jp", 0xD0A1, 0xF4A6, kRare},     {"euc-kr", 0xB0A1, 0xC8FE, kInUse},
    {"euc-kr", 0xCAA1, 0xFDFE, kForeign}};

bool is_in_region(const Region& region, std::string_view charset, uint32_t bytes) {
  if (region.charset != charset || bytes < region.first || bytes > region.last) return false;
  const bool is_of_euc = charset == "gb18030" || charset == "euc-kr";
  return !is_of_euc || (bytes & 0xFFU) >= kSecondByte;
}

bool is_ascii_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

utf8proc_category_t category_of(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_letter(char32_t c) {
  const auto is = category_of(c);
  return is >= UTF8PROC_CATEGORY_LU && is <= UTF8PROC_CATEGORY_LO;
}
bool is_mark(char32_t c) { return category_of(c) == UTF8PROC_CATEGORY_MN; }
bool is_upper(char32_t c) { return category_of(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) { return category_of(c) == UTF8PROC_CATEGORY_LL; }

bool is_punctuation(char32_t c) {
  constexpr std::u32string_view kInNames =
      U"µ–—‘’“”„«»…·№©®°§¿¡€£ºª、。「」『』【】（）！？：；・～《》〈〉々〜－　＆＋";
  return kInNames.find(c) != kInNames.npos || (c >= 0xFF10 && c <= 0xFF5A);
}

constexpr std::u32string_view kSignsInUse = U"√∞±²³÷×≈≤≥½¼αβΓπΣστΦΘΩδφε";

bool is_sign(char32_t c) {
  if (c < 0x80 || is_punctuation(c)) return false;
  const auto is = category_of(c);
  return is == UTF8PROC_CATEGORY_CN || is >= UTF8PROC_CATEGORY_NO;
}

bool is_of_script(NameScript script, char32_t c) {
  switch (script) {
    case NameScript::kLatin: return c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7;
    case NameScript::kCyrillic: return c >= 0x400 && c <= 0x4FF;
    case NameScript::kGreek: return c >= 0x386 && c <= 0x3CE;
    case NameScript::kHebrew: return c >= 0x5D0 && c <= 0x5EA;
    case NameScript::kArabic: return c >= 0x620 && c <= 0x6D5;
    case NameScript::kThai: return c >= 0xE01 && c <= 0xE4E;
    case NameScript::kChinese:
    case NameScript::kJapanese:
    case NameScript::kKorean: return c >= 0x3040;
  }
  return false;
}

constexpr std::u32string_view kNeverFirst = U"ъьыЪЬЫ";
constexpr std::u32string_view kOnlyLast = U"ςךםןףץ";
constexpr std::u32string_view kNeverBehindLetters = U"¿¡ºª";
constexpr std::u32string_view kBeforeSharpS = U"aeiouyäöüAEIOUYÄÖÜ";
bool has_one(std::u32string_view all, char32_t c) { return all.find(c) != all.npos; }

}  // namespace

NameLikelihood::NameLikelihood(const NameLanguage& language) : language_(language) {
  // Zipf's law; the list of a language of East Asia is short for that.
  double sum = 0;
  const auto share = [](size_t rank) { return 1.0 / (static_cast<double>(rank) + 3); };
  for (size_t i = 0; i < language.letters.size(); ++i) sum += share(i);
  for (size_t i = 0; i < language.letters.size(); ++i) {
    letters_.emplace(language.letters[i], is_of_east(language.script) ? kCommonEast : std::log10(share(i) / sum));
  }
}

double NameLikelihood::of_character(const NameCharacter& character, std::string_view charset) const {
  const char32_t small = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character.text)));
  const auto known = letters_.find(small);
  if (known != letters_.end()) return known->second;
  if (is_punctuation(character.text)) return kPunctuation;
  const auto* region = std::find_if(std::begin(kRegions), std::end(kRegions),
                                    [&](const Region& each) { return is_in_region(each, charset, character.bytes); });
  if (region != std::end(kRegions)) return region->share;
  if (is_of_east(language_.script)) return kForeign;
  if (kSignsInUse.find(character.text) != kSignsInUse.npos) return kSignInUse;
  if (is_of_script(language_.script, character.text)) return kOtherLetter;
  return is_letter(character.text) ? kForeign : kSign;
}

// What stands beside it may make it less likely.
double NameLikelihood::of_place(char32_t before, char32_t character) const {
  const bool is_foreign_to_ascii = language_.script != NameScript::kLatin && !is_of_east(language_.script);
  const bool has_ascii = is_ascii_letter(before) || is_ascii_letter(character);
  double place = 0;
  if (character == U'ß' && !has_one(kBeforeSharpS, before)) place += kAtTheWrongEnd;
  if (is_letter(before) && is_sign(character)) place += kSignInWord;
  if (has_one(kNeverBehindLetters, character) && is_letter(before)) place += kAtTheWrongEnd;
  if (is_mark(character) && !is_letter(before) && !is_mark(before)) place += kMarkAlone;
  if (!is_letter(before) || !is_letter(character)) {
    if (has_one(kNeverFirst, character)) place += kAtTheWrongEnd;
    if (!is_of_east(language_.script) && before >= 0x80 && has_one(U"[\\]^{|}@`", character)) place += kSignBehind;
    return place + (is_upper(character) && character >= 0x80 ? kCapital : 0);
  }
  if (has_one(kOnlyLast, before)) place += kAtTheWrongEnd;
  if (is_foreign_to_ascii && has_ascii) place += kScriptsInOneWord;
  if (language_.script == NameScript::kLatin && is_of_script(NameScript::kLatin, before) &&
      is_of_script(NameScript::kLatin, character)) {
    place += kAccentsInARow;
  }
  if (is_upper(character)) {
    place += is_lower(before) ? kCapitalInside : kMoreCapitals;
  }
  return place;
}

double NameLikelihood::of(std::span<const NameCharacter> name, std::string_view charset) const {
  double sum = 0;
  char32_t before = 0;
  for (const NameCharacter& character : name) {
    if (character.text >= 0x80) sum += of_character(character, charset);
    if (character.text >= 0x80 || before >= 0x80) sum += of_place(before, character.text);
    before = character.text;
  }
  return sum;
}

}  // namespace damfs::worker
