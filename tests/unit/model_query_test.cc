// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/media/facts.h"
#include "catalog/model/search/query.h"

namespace damfs {
namespace {

using Field = QueryTerm::Field;
using Comparison = QueryTerm::Comparison;

QueryTerm only(std::string_view text) {
  const auto terms = parse_query(text);
  EXPECT_EQ(terms.size(), 1U) << text;
  return terms.empty() ? QueryTerm{} : terms.front();
}

std::string refusal(std::string_view text) {
  try {
    parse_query(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EINVAL) << text;
    return error.what();
  }
  ADD_FAILURE() << "taken: " << text;
  return {};
}

TEST(Query, Words) {
  EXPECT_TRUE(parse_query("").empty());
  EXPECT_TRUE(parse_query(" \t\n\"\" -\"\"").empty());
  const auto terms = parse_query("beach -draft \"golden hour\" -\"old one\" half\"quo ted\" - --x");
  ASSERT_EQ(terms.size(), 7U);
  const struct {
    const char* text;
    bool excluded, phrase;
  } kWanted[] = {{"beach", false, false}, {"draft", true, false},        {"golden hour", false, true},
                 {"old one", true, true}, {"halfquo ted", false, false}, {"-", false, false},
                 {"-x", true, false}};
  for (size_t i = 0; i < terms.size(); ++i) {
    EXPECT_EQ(terms[i].field, Field::kWord);
    EXPECT_EQ(terms[i].text, kWanted[i].text);
    EXPECT_EQ(terms[i].excluded, kWanted[i].excluded) << i;
    EXPECT_EQ(terms[i].phrase, kWanted[i].phrase) << i;
  }
  EXPECT_EQ(only("\"type:video\"").field, Field::kWord);
  EXPECT_EQ(only("\"open to the end").text, "open to the end");
}

TEST(Query, Fields) {
  EXPECT_EQ(only("type:Texture-Pack").number, static_cast<int64_t>(Kind::kTexturePack));
  EXPECT_EQ(only("tag:Places/\"New York\"").text, "places/new york");
  EXPECT_EQ(only("-TAG:x").excluded, true);
  EXPECT_EQ(only("camera:NIKON").text, "nikon");
  EXPECT_EQ(only("ext:.JPG").text, "jpg");
  EXPECT_EQ(only("path:/2024/Rome/").text, "2024/Rome");
  EXPECT_EQ(only("rating:>=4").comparison, Comparison::kGreaterOrEqual);
  EXPECT_EQ(only("rating:>=4").number, 4);
  EXPECT_EQ(only("rating:0").comparison, Comparison::kEqual);
  EXPECT_EQ(only("size:>10M").number, 10 << 20);
  EXPECT_EQ(only("size:<=1.5KiB").number, 1536);
  EXPECT_EQ(only("size:=0").number, 0);
  EXPECT_EQ(only("tag:a:b").text, "a:b");
}

TEST(Query, Dates) {
  const auto range = [](std::string_view text) {
    const QueryTerm term = only(text);
    EXPECT_EQ(term.field, Field::kDate);
    return std::pair(term.number, term.number_end);
  };
  const auto holds = [&](std::string_view text, Day day) {
    const auto [first, end] = range(text);
    return day.key() >= first && day.key() < end;
  };
  const struct {
    const char* text;
    Day first, last;    // both inside
    Day before, after;  // both outside
  } kCases[] = {
      {"date:2024-05-17", {2024, 5, 17}, {2024, 5, 17}, {2024, 5, 16}, {2024, 5, 18}},
      {"date:2024-02", {2024, 2, 1}, {2024, 2, 29}, {2024, 1, 31}, {2024, 3, 1}},
      {"date:2024-12", {2024, 12, 1}, {2024, 12, 31}, {2024, 11, 30}, {2025, 1, 1}},
      {"date:2024", {2024, 1, 1}, {2024, 12, 31}, {2023, 12, 31}, {2025, 1, 1}},
      {"date:2020..2022", {2020, 1, 1}, {2022, 12, 31}, {2019, 12, 31}, {2023, 1, 1}},
      {"date:2024-01..2024-02-10", {2024, 1, 1}, {2024, 2, 10}, {2023, 12, 31}, {2024, 2, 11}},
      {"date:>=2024-05", {2024, 5, 1}, {9999, 12, 31}, {2024, 4, 30}, {0, 1, 1}},
      {"date:>2024-05", {2024, 6, 1}, {9999, 12, 31}, {2024, 5, 31}, {0, 1, 1}},
      {"date:<2024", {1, 1, 1}, {2023, 12, 31}, {2024, 1, 1}, {9999, 12, 31}},
      {"date:<=2024", {1, 1, 1}, {2024, 12, 31}, {2025, 1, 1}, {9999, 12, 31}},
  };
  for (const auto& c : kCases) {
    EXPECT_TRUE(holds(c.text, c.first)) << c.text;
    EXPECT_TRUE(holds(c.text, c.last)) << c.text;
    EXPECT_FALSE(holds(c.text, c.before)) << c.text;
    EXPECT_FALSE(holds(c.text, c.after)) << c.text;
  }
}

TEST(Query, RefusalsSayWhatWouldBeRight) {
  EXPECT_NE(refusal("colour:red").find("there is no 'colour:'"), std::string::npos);
  EXPECT_NE(refusal("colour:red").find("rating:"), std::string::npos);
  EXPECT_NE(refusal("type:photo").find("image, video"), std::string::npos);
  EXPECT_NE(refusal("tag:").find("'tag:' needs a value"), std::string::npos);
  EXPECT_NE(refusal("tag:\"\"").find("needs a value"), std::string::npos);
  EXPECT_NE(refusal("rating:6").find("0 to 5"), std::string::npos);
  EXPECT_NE(refusal("rating:>").find("0 to 5"), std::string::npos);
  for (const char* bad :
       {"date:2024-13", "date:2024-02-30", "date:yesterday", "date:2020..", "date:..2020", "date:24"}) {
    EXPECT_NE(refusal(bad).find("date: wants"), std::string::npos) << bad;
  }
  for (const char* bad : {"size:-1", "size:nan", "size:inf", "size:1e300", "size:10X", "size:M", "size:>"}) {
    EXPECT_NE(refusal(bad).find("size: wants"), std::string::npos) << bad;
  }
}

TEST(Query, ReadStrictlyRefusesWhatMeansSomethingElsewhere) {
  for (const std::string query : {"a OR b", "AND", "NOT a", "a | b", "\"a b", "tag:\"a b", "a\"", "-\"x"}) {
    EXPECT_NO_THROW(parse_query(query)) << query;
    EXPECT_THROW(parse_query(query, QueryReading::kStrict), Error) << query;
  }
  for (const std::string query : {"a or b", "\"OR\"", "tag:OR", "\"a b\"", "tag:\"a b\"", "a\"b\"c", "ORB"}) {
    EXPECT_NO_THROW(parse_query(query, QueryReading::kStrict)) << query;
  }
}

TEST(Query, HostileBytesAreRefusedOrTaken) {
  refusal(std::string("a\0b", 3));
  refusal("\xFF\xFE");
  refusal(std::string(4097, 'x'));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "x ";
  refusal(many);
  EXPECT_EQ(refusal("evil\x1B[31m:x").find('\x1B'), std::string::npos);
  for (const char* odd :
       {":", "::", ":x", "-", "\"", "-\"", "--", "'; DROP TABLE asset; --", "*", "NEAR(a b)", "a AND", "{x}"}) {
    try {
      parse_query(odd);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), EINVAL) << odd;
    }
  }
}

}  // namespace
}  // namespace damfs
