// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/beginnings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchCatalog;
using Names = std::vector<std::string>;

void fill(Writer& writer) {
  for (const char* tag : {"places/italy", "places/Ireland", "places", "people", "Plätze", "percent %_"}) {
    writer.ensure_group(Grouping::kTag, tag);
  }
  writer.ensure_group(Grouping::kAlbum, "Best of 2024");
  for (int i = 0; i < 500; ++i) {
    const std::string name = fmt::format("IMG_{:04}.jpg", i);
    file_bytes(writer, name, fmt::format("rolls/r{}", i % 3), name, photo("2024-05-17"), "/source/" + name);
  }
}

class Beginnings : public ::testing::Test {
 protected:
  Beginnings() {
    scratch_.catalog().write([](Writer& writer) { fill(writer); });
  }
  ScratchCatalog scratch_;
};

TEST_F(Beginnings, TagsAndAlbumsWithoutCaseInTheirOrder) {
  const auto reader = scratch_.catalog().reader();
  const auto tags = [&](std::string_view beginning, int64_t key = 1) {
    return groups_beginning(*reader, Grouping::kTag, key, beginning, 200);
  };
  EXPECT_EQ(tags("P"), (Names{"people", "percent %_", "places", "Plätze"}));
  EXPECT_EQ(tags("pl"), (Names{"places", "Plätze"}));
  EXPECT_EQ(tags("PLÄ"), Names{"Plätze"});
  EXPECT_EQ(tags("%"), Names{});
  EXPECT_EQ(tags(""), (Names{"people", "percent %_", "places", "Plätze"})) << "and not the top itself";
  const auto places = reader->find_group(Grouping::kTag, 1, "places");
  ASSERT_TRUE(places);
  EXPECT_EQ(tags("I", places->key), (Names{"Ireland", "italy"}));
  EXPECT_EQ(groups_beginning(*reader, Grouping::kAlbum, 1, "best", 200), Names{"Best of 2024"});
  EXPECT_EQ(groups_beginning(*reader, Grouping::kCamera, 0, "", 200), Names{}) << "no tree";
}

TEST_F(Beginnings, NoMoreThanAreWanted) {
  const auto reader = scratch_.catalog().reader();
  EXPECT_EQ(labels_beginning(*reader, "img_", 7).size(), 7U);
  EXPECT_EQ(labels_beginning(*reader, "img_001", 200).size(), 10U);
  EXPECT_EQ(labels_beginning(*reader, "img_0499.jpg", 200), Names{"IMG_0499.jpg"});
  const auto rolls = reader->find_group(Grouping::kFolder, 1, "rolls");
  ASSERT_TRUE(rolls);
  EXPECT_EQ(groups_beginning(*reader, Grouping::kFolder, rolls->key, "r", 2), (Names{"r0", "r1"}));
  const auto first = reader->find_group(Grouping::kFolder, rolls->key, "r0");
  ASSERT_TRUE(first);
  EXPECT_EQ(entries_beginning(*reader, first->key, "IMG_000", 200),
            (Names{"IMG_0000.jpg", "IMG_0003.jpg", "IMG_0006.jpg", "IMG_0009.jpg"}));
  EXPECT_EQ(entries_beginning(*reader, first->key, "img", 200), Names{}) << "names of files differ by case";
}

TEST_F(Beginnings, AnyBytesAreABeginning) {
  const auto reader = scratch_.catalog().reader();
  for (const std::string& odd :
       {std::string("\xff\xff"), std::string("\xff"), std::string("\0x", 2), std::string("'\"")}) {
    EXPECT_EQ(groups_beginning(*reader, Grouping::kTag, 1, odd, 200), Names{});
    EXPECT_EQ(entries_beginning(*reader, 1, odd, 200), Names{});
    EXPECT_EQ(labels_beginning(*reader, odd, 200), Names{});
  }
}

TEST_F(Beginnings, EachIsARangeOfAnIndex) {
  const auto reader = scratch_.catalog().reader();
  std::vector<std::string> scanned;
  reader->database().watch([&](std::string_view sql, int64_t rows) {
    if (rows > 0) scanned.emplace_back(sql);
  });
  for (const Grouping grouping : {Grouping::kFolder, Grouping::kTag, Grouping::kAlbum}) {
    groups_beginning(*reader, grouping, 1, "", 200);
  }
  entries_beginning(*reader, 2, "IMG", 200);
  labels_beginning(*reader, "IMG", 5);
  EXPECT_EQ(scanned, Names{});
  for (const char* sql : {"SELECT label FROM asset WHERE state = 0 AND label_key >= 'a' AND label_key < 'b' "
                          "ORDER BY label_key LIMIT 200"}) {
    db::Statement plan(reader->database(), std::string("EXPLAIN QUERY PLAN ") + sql);
    ASSERT_TRUE(plan.step());
    EXPECT_NE(plan.text(3).find("label_key>? AND label_key<?"), std::string_view::npos) << plan.text(3);
    EXPECT_FALSE(plan.step()) << "it is sorted";
  }
  reader->database().watch({});
}

}  // namespace
}  // namespace damfs
