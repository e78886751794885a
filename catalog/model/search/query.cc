// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts.h"
#include "catalog/model/groupings.h"
#include "catalog/model/search/query_text.h"

namespace damfs {
namespace {

using Field = QueryTerm::Field;
using Comparison = QueryTerm::Comparison;

constexpr size_t kLongestQuery = 4096;

constexpr std::pair<std::string_view, Field> kFields[] = {
    {"type", Field::kType},     {"tag", Field::kTag},       {"date", Field::kDate},
    {"rating", Field::kRating}, {"ext", Field::kExtension}, {"size", Field::kSize},
    {"path", Field::kPath},     {"album", Field::kAlbum},   {"inside", Field::kInside},
};

// One term as it was written, quotes taken off.
struct RawTerm {
  bool excluded = false;
  bool quoted = false;  // it began with a quote: never a field
  std::string field;
  std::string value;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::optional<RawTerm> next() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    if (rest_.empty()) return std::nullopt;
    RawTerm term;
    if (rest_.front() == '-' && rest_.size() > 1 && !is_space(rest_[1])) {
      term.excluded = true;
      rest_.remove_prefix(1);
    }
    term.quoted = rest_.front() == '"';
    bool in_field = !term.quoted;
    std::string text;
    while (!rest_.empty() && !is_space(rest_.front())) {
      if (rest_.front() == '"') {
        text += quoted();
        continue;
      }
      if (in_field && rest_.front() == ':') {
        term.field = std::exchange(text, {});
        in_field = false;
      } else {
        text += rest_.front();
      }
      rest_.remove_prefix(1);
    }
    term.value = std::move(text);
    return term;
  }

  // Whether a quote of what came so far has no end.
  bool is_open() const { return is_open_; }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  std::string quoted() {
    rest_.remove_prefix(1);
    const size_t end = rest_.find('"');
    is_open_ = is_open_ || end == rest_.npos;
    std::string inside(rest_.substr(0, end));
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    return inside;
  }

  std::string_view rest_;
  bool is_open_ = false;
};

Comparison take_comparison(std::string_view& value) {
  static constexpr std::pair<std::string_view, Comparison> kSigns[] = {
      {">=", Comparison::kGreaterOrEqual}, {"<=", Comparison::kLessOrEqual},
      {">", Comparison::kGreater},         {"<", Comparison::kLess},
      {"=", Comparison::kEqual},
  };
  for (const auto& [sign, comparison] : kSigns) {
    if (value.starts_with(sign)) {
      value.remove_prefix(sign.size());
      return comparison;
    }
  }
  return Comparison::kEqual;
}

int64_t parse_size(std::string_view text) {
  double amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string unit = fold(std::string_view(end, static_cast<size_t>(text.data() + text.size() - end)));
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},
      {"b", 1},
      {"k", 1024.0},
      {"kb", 1024.0},
      {"kib", 1024.0},
      {"m", 1048576.0},
      {"mb", 1048576.0},
      {"mib", 1048576.0},
      {"g", 1073741824.0},
      {"gb", 1073741824.0},
      {"gib", 1073741824.0},
      {"t", 1099511627776.0},
      {"tb", 1099511627776.0},
      {"tib", 1099511627776.0},
  };
  const auto* found =
      std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& u) { return u.first == unit; });
  if (error != std::errc() || found == std::end(kUnits) || !(amount >= 0) || amount * found->second > 9e18) {
    fail(EINVAL, "size: wants a number of bytes such as 500k, 10M or 2G, not '{}'", printable(text));
  }
  return static_cast<int64_t>(amount * found->second);
}

struct DayRange {
  int64_t first;
  int64_t end;  // just behind the last
};

// "2024", "2024-05" or "2024-05-17".
DayRange parse_days(std::string_view text) {
  if (const auto day = Day::parse(text)) {
    return day->month == 0 ? DayRange{day->key(), day->key() + 512} : DayRange{day->key(), day->key() + 1};
  }
  if (const auto first = Day::parse(std::string(text) + "-01")) return {first->key() - 1, first->key() + 31};
  fail(EINVAL, "date: wants 2024, 2024-05, 2024-05-17, a range such as 2020..2022, or >=2024; not '{}'",
       printable(text));
}

void read_date(QueryTerm& term, std::string_view value) {
  if (const size_t dots = value.find(".."); dots != value.npos) {
    term.number = parse_days(value.substr(0, dots)).first;
    term.number_end = parse_days(value.substr(dots + 2)).end;
    return;
  }
  const Comparison comparison = take_comparison(value);
  const DayRange days = parse_days(value);
  constexpr int64_t kForever = int64_t{10000} * 512;
  switch (comparison) {
    case Comparison::kEqual: term.number = days.first, term.number_end = days.end; break;
    case Comparison::kLess: term.number_end = days.first; break;
    case Comparison::kLessOrEqual: term.number_end = days.end; break;
    case Comparison::kGreater: term.number = days.end, term.number_end = kForever; break;
    case Comparison::kGreaterOrEqual: term.number = days.first, term.number_end = kForever; break;
  }
}

void read_value(QueryTerm& term, std::string_view value) {
  switch (term.field) {
    case Field::kType: {
      const auto kind = kind_from_string(fold(value));
      if (!kind)
        fail(EINVAL, "type: is one of image, video, audio, document, texture-pack, other; not '{}'", printable(value));
      term.number = static_cast<int64_t>(*kind);
      return;
    }
    case Field::kDate: return read_date(term, value);
    case Field::kRating: {
      term.comparison = take_comparison(value);
      if (value.size() != 1 || value[0] < '0' || value[0] > '5') {
        fail(EINVAL, "rating: wants 0 to 5, as in rating:5 or rating:>=3; not '{}'", printable(value));
      }
      term.number = value[0] - '0';
      return;
    }
    case Field::kSize:
      term.comparison = take_comparison(value);
      term.number = parse_size(value);
      return;
    case Field::kExtension: term.text = fold(value.starts_with('.') ? value.substr(1) : value); return;
    case Field::kPath:
      while (value.starts_with('/')) value.remove_prefix(1);
      while (value.ends_with('/')) value.remove_suffix(1);
      term.text = value;
      return;
    case Field::kTag:
    case Field::kAlbum:
    case Field::kLabel: term.text = fold(value); return;
    case Field::kInside:
      if (!has_token(value)) fail(EINVAL, "inside: wants a word of a file's name in a zip; not '{}'", printable(value));
      term.text = value;
      return;
    case Field::kWord: term.text = value; return;
  }
}

bool read_field(QueryTerm& term, std::string_view name) {
  const auto* field =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const auto& each) { return each.first == name; });
  if (field != std::end(kFields)) {
    term.field = field->second;
    return true;
  }
  for (const GroupingRow* label : label_groupings()) {
    if (label->name != name) continue;
    term.field = Field::kLabel;
    term.grouping = label->grouping;
    return true;
  }
  return false;
}

QueryTerm interpret(const RawTerm& raw) {
  QueryTerm term;
  term.excluded = raw.excluded;
  if (!raw.field.empty() || (!raw.quoted && raw.value.empty())) {
    const std::string name = fold(raw.field);
    if (!read_field(term, name)) {
      fail(EINVAL, "there is no '{}:'; use {}:, or put the text in quotes", printable(raw.field),
           fmt::join(query_fields(), ": "));
    }
    if (raw.value.empty()) fail(EINVAL, "'{}:' needs a value", name);
  }
  term.phrase = raw.quoted;
  read_value(term, raw.value);
  return term;
}

// What other programs' queries are made of, and would be looked for as a word here.
void refuse_operator(const RawTerm& raw) {
  if (raw.quoted || !raw.field.empty()) return;
  if (raw.value == "OR" || raw.value == "|" || raw.value == "||") {
    fail(EINVAL, "'{0}' is not understood: all terms must hold; ask for each by itself, or say '\"{0}\"' for the word",
         raw.value);
  }
  if (raw.value == "AND" || raw.value == "&&") {
    fail(EINVAL, "'{0}' is not understood, and not needed: all terms must hold; '\"{0}\"' is the word", raw.value);
  }
  if (raw.value == "NOT") fail(EINVAL, "'NOT' is not understood: '-' before a term excludes; '\"NOT\"' is the word");
}

}  // namespace

std::vector<std::string> query_fields() {
  std::vector<std::string> names;
  for (const auto& [name, field] : kFields) names.emplace_back(name);
  for (const GroupingRow* label : label_groupings()) names.emplace_back(label->name);
  return names;
}

std::vector<QueryTerm> parse_query(std::string_view text, QueryReading reading) {
  if (text.size() > kLongestQuery) fail(EINVAL, "a query has at most {} bytes", kLongestQuery);
  if (!is_utf8(text)) fail(EINVAL, "the query is not UTF-8 text");
  if (text.find('\0') != text.npos) fail(EINVAL, "the query holds a NUL byte");
  std::vector<QueryTerm> terms;
  Scanner scanner(text);
  while (const auto raw = scanner.next()) {
    if (raw->quoted && raw->value.empty()) continue;
    if (terms.size() == kMostQueryTerms) fail(EINVAL, "a query has at most {} terms", kMostQueryTerms);
    if (reading == QueryReading::kStrict) refuse_operator(*raw);
    terms.push_back(interpret(*raw));
  }
  if (reading == QueryReading::kStrict && scanner.is_open()) fail(EINVAL, "the query has a quote (\") without its end");
  return terms;
}

}  // namespace damfs
