// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Dates as people and programs write them, where nobody told them how.

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "catalog/base/clock.h"

namespace damfs {
namespace {

constexpr size_t kLongestDate = 64;
constexpr size_t kMostTokens = 16;

struct Token {
  enum class Kind { kNumber, kWord, kMark };
  Kind kind;
  std::string_view text;
  char before;  // the character in front of it, 0 at the beginning

  bool is_number() const { return kind == Kind::kNumber; }
  int value() const {
    int number = 0;
    for (const char c : text.substr(0, 9)) number = number * 10 + (c - '0');
    return number;
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < text.size() && tokens.size() < kMostTokens;) {
    const auto same = is_digit(text[at]) ? is_digit : is_letter(text[at]) ? is_letter : nullptr;
    size_t end = at + 1;
    while (same != nullptr && end < text.size() && same(text[end])) ++end;
    if (same != nullptr) {
      const auto kind = same == is_digit ? Token::Kind::kNumber : Token::Kind::kWord;
      tokens.push_back({kind, text.substr(at, end - at), at == 0 ? '\0' : text[at - 1]});
    }
    at = end;
  }
  return tokens;
}

int month_of(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string small(word.substr(0, 3));
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto* found = std::find(kMonths.begin(), kMonths.end(), small);
  return found == kMonths.end() ? 0 : static_cast<int>(found - kMonths.begin()) + 1;
}

bool is_year(const Token& token) { return token.is_number() && token.text.size() == 4 && token.value() >= 1000; }

// What stands between two parts of a date or a clock, but for the blanks that old cameras fill with.
char mark_between(const Token& left, const Token& right) {
  char mark = '\0';
  for (const char* at = left.text.data() + left.text.size(); at != right.text.data(); ++at) {
    if (*at == ' ' && mark != '\0') continue;
    if (mark != '\0') return '\0';
    mark = *at;
  }
  return mark;
}

// "10:11:12.5 PM", what follows a date. What no clock shows is left at midnight.
void read_clock(const std::vector<Token>& tokens, size_t at, CaptureTime& time) {
  std::array<int, 3> parts{};
  size_t count = 0;
  if (at < tokens.size() && tokens[at].is_number() && (tokens[at].text.size() == 6 || tokens[at].text.size() == 4)) {
    for (; count < tokens[at].text.size() / 2; ++count) {
      parts[count] = Token{Token::Kind::kNumber, tokens[at].text.substr(2 * count, 2), 0}.value();
    }
    ++at;
  } else {
    for (; at < tokens.size() && count < 3 && tokens[at].is_number() && tokens[at].text.size() <= 2; ++at) {
      const char mark = count > 0 ? mark_between(tokens[at - 1], tokens[at]) : ':';
      if (mark != ':' && mark != '.') break;
      parts[count++] = tokens[at].value();
    }
  }
  if (count < 2) return;
  if (at < tokens.size() && tokens[at].is_number() && count == 3 &&
      (tokens[at].before == '.' || tokens[at].before == ',')) {
    int scale = 100'000'000;
    for (const char c : tokens[at].text.substr(0, 9)) {
      time.nanosecond += (c - '0') * scale;
      scale /= 10;
    }
    ++at;
  }
  if (at < tokens.size() && tokens[at].text.size() == 2 && parts[0] >= 1 && parts[0] <= 12) {
    const char half = static_cast<char>(std::tolower(static_cast<unsigned char>(tokens[at].text[0])));
    const bool is_half = (half == 'a' || half == 'p') && (tokens[at].text[1] == 'm' || tokens[at].text[1] == 'M');
    if (is_half) parts[0] = parts[0] % 12 + (half == 'p' ? 12 : 0);
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 60) {
    time.nanosecond = 0;
    return;
  }
  time.hour = parts[0];
  time.minute = parts[1];
  time.second = parts[2];
}

// "+02:00", "+0200", "-5", "Z", "GMT" at the end of a time.
void read_zone(std::string_view text, CaptureTime& time) {
  const size_t colon = text.find(':');
  if (text.ends_with('Z') || text.ends_with('z') || text.ends_with("GMT") || text.ends_with("UTC")) {
    if (text.size() < 2 || !is_digit(text.front())) return;
    time.offset_minutes = 0;
    time.is_utc = true;
    return;
  }
  const size_t sign = text.find_last_of("+-");
  if (colon == text.npos || sign == text.npos || sign < colon) return;
  std::string digits;
  for (const char c : text.substr(sign + 1)) {
    if (is_digit(c)) digits += c;
    if (!is_digit(c) && c != ':') return;
  }
  if (digits.empty() || digits.size() > 4) return;
  if (digits.size() <= 2) digits += "00";
  if (digits.size() == 3) digits.insert(0, "0");
  const int total = std::stoi(digits.substr(0, 2)) * 60 + std::stoi(digits.substr(2));
  if (total <= 18 * 60) time.offset_minutes = text[sign] == '-' ? -total : total;
}

struct Found {
  Day day;
  size_t next = 0;  // token
};

// "20190720" by itself or in front of "T101112".
std::optional<Found> compact_day(const std::vector<Token>& tokens) {
  const std::string_view text = tokens.front().text;
  if (!tokens.front().is_number() || (text.size() != 8 && text.size() != 14)) return std::nullopt;
  const auto part = [&](size_t at, size_t size) {
    return Token{Token::Kind::kNumber, text.substr(at, size), 0}.value();
  };
  return Found{{part(0, 4), part(4, 2), part(6, 2)}, 1};
}

// The year in front, then as much as is known.
std::optional<Found> year_first(const std::vector<Token>& tokens) {
  if (!is_year(tokens.front())) return std::nullopt;
  Found found{{tokens.front().value(), 0, 0}, 1};
  for (int* part : {&found.day.month, &found.day.day}) {
    if (found.next >= tokens.size()) break;
    const Token& token = tokens[found.next];
    const bool named = token.kind == Token::Kind::kWord && month_of(token.text) != 0;
    if (!named && (!token.is_number() || token.text.size() > 2)) break;
    *part = named ? month_of(token.text) : token.value();
    ++found.next;
  }
  return found;
}

// "20 Jul 2019", "Jul 20 2019", "Sat Jul 20 10:11:12 2019", "20.7.2019".
std::optional<Found> year_last(const std::vector<Token>& tokens) {
  size_t at = 0;
  if (tokens[0].kind == Token::Kind::kWord && month_of(tokens[0].text) == 0) ++at;
  if (at + 2 >= tokens.size()) return std::nullopt;
  const Token& first = tokens[at];
  const Token& second = tokens[at + 1];
  Found found;
  if (first.is_number() && second.kind == Token::Kind::kWord) {
    found.day = {0, month_of(second.text), first.value()};
  } else if (first.kind == Token::Kind::kWord && second.is_number()) {
    found.day = {0, month_of(first.text), second.value()};
  } else if (first.is_number() && second.is_number() && second.before == '.' && tokens[at + 2].before == '.') {
    found.day = {0, second.value(), first.value()};
  }
  if (found.day.month == 0) return std::nullopt;
  if (is_year(tokens[at + 2])) {
    found.day.year = tokens[at + 2].value();
    found.next = at + 3;
    return found;
  }
  // ctime() puts the clock in between.
  for (size_t i = at + 3; i < tokens.size(); ++i) {
    if (!is_year(tokens[i]) || tokens[i].before != ' ') continue;
    found.day.year = tokens[i].value();
    found.next = at + 2;
    return found;
  }
  return std::nullopt;
}

// Exif has every digit in its place: what stands between them may be anything, damage too.
std::optional<CaptureTime> by_places(std::string_view text) {
  constexpr std::string_view kLayout = "dddd-dd-dd?dd:dd:dd";
  if (text.size() < kLayout.size()) return std::nullopt;
  std::string mended = "0000-00-00T00:00:00";
  for (size_t i = 0; i < kLayout.size(); ++i) {
    if (kLayout[i] != '?' && is_digit(text[i]) != (kLayout[i] == 'd')) return std::nullopt;
    if (kLayout[i] == 'd') mended[i] = text[i];
  }
  const std::string_view rest = text.substr(kLayout.size());
  if (!rest.empty() && std::string_view(".+-Zz").find(rest.front()) == rest.npos) return std::nullopt;
  return CaptureTime::parse(mended + std::string(rest));
}

// Whether what stands behind the parts that are known says that the others are not.
bool says_no_more(const std::vector<Token>& tokens, size_t next) {
  return std::none_of(tokens.begin() + static_cast<std::ptrdiff_t>(next), tokens.end(),
                      [](const Token& token) { return token.is_number() && token.value() != 0; });
}

}  // namespace

std::optional<CaptureTime> CaptureTime::parse_any(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text.empty() || text.size() > kLongestDate) return std::nullopt;
  if (auto mended = by_places(text)) return mended;
  const auto is_word = [](char c) {
    return is_letter(c) && std::string_view("TtZz").find(c) == std::string_view::npos;
  };
  if (std::none_of(text.begin(), text.end(), is_word)) {
    if (auto strict = parse(text)) return strict;
  }
  const std::vector<Token> tokens = tokens_of(text);
  if (tokens.empty()) return std::nullopt;
  auto found = compact_day(tokens);
  if (!found) found = year_first(tokens);
  if (!found) found = year_last(tokens);
  if (!found) return std::nullopt;
  CaptureTime time;
  time.day = found->day;
  // Only the year, or the month, is known: it begins there.
  const bool is_partial = time.day.month == 0 || time.day.day == 0;
  time.day.month = std::max(time.day.month, 1);
  time.day.day = std::max(time.day.day, 1);
  if (!time.day.is_valid()) return std::nullopt;
  if (is_partial) return says_no_more(tokens, found->next) ? std::optional(time) : std::nullopt;
  if (tokens.front().text.size() == 14) {
    read_clock({{Token::Kind::kNumber, tokens.front().text.substr(8), 0}}, 0, time);
  } else {
    size_t at = found->next;
    while (at < tokens.size() && !tokens[at].is_number()) ++at;
    read_clock(tokens, at, time);
  }
  read_zone(text, time);
  return time;
}

}  // namespace damfs
