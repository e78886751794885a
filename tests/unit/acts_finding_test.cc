// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/finding.h"

#include <cerrno>
#include <memory>

#include "catalog/acts/completing.h"
#include "catalog/base/error.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

class FindingTest : public ::testing::Test {
 protected:
  std::vector<int64_t> found(const std::string& query, ExactCopies copies = ExactCopies::kOldest) {
    std::vector<int64_t> all;
    find_assets(scratch_.catalog(), query, copies, [&](Reader& reader, int64_t asset) {
      EXPECT_TRUE(reader.asset(asset));
      all.push_back(asset);
      return true;
    });
    EXPECT_EQ(all, found_assets(*scratch_.catalog().reader(), query, copies));
    return all;
  }
  using Assets = std::vector<int64_t>;

  testing::ScratchCatalog scratch_;
  const int64_t beach_ = scratch_.file("beach", "2024", "beach.jpg").asset;
  const int64_t copy_ = scratch_.file("beach", "2025", "beach.jpg").asset;
  const int64_t hill_ = scratch_.file("hill", "2025", "hill.jpg").asset;
};

TEST_F(FindingTest, OfExactCopiesTheOldestOrAll) {
  EXPECT_EQ(found("beach"), Assets{beach_});
  EXPECT_EQ(found("beach", ExactCopies::kAll), (Assets{beach_, copy_}));
  EXPECT_EQ(found(""), (Assets{beach_, hill_}));
  EXPECT_EQ(found("path:2025"), (Assets{copy_, hill_}));
  EXPECT_TRUE(found("desert").empty());
}

TEST_F(FindingTest, TheVisitorEndsIt) {
  int visited = 0;
  find_assets(scratch_.catalog(), "", ExactCopies::kAll, [&](Reader&, int64_t) { return ++visited < 2; });
  EXPECT_EQ(visited, 2);
}

TEST_F(FindingTest, DuplicatesComeGroupByGroup) {
  std::vector<Assets> groups;
  const auto visit = [&](Reader&, const Assets& assets) {
    groups.push_back(assets);
    return true;
  };
  find_duplicates(scratch_.catalog(), "path:2025", visit);
  EXPECT_EQ(groups, (std::vector<Assets>{{beach_, copy_}}));
  find_duplicates(scratch_.catalog(), "hill", visit);
  EXPECT_EQ(groups.size(), 1U);
}

TEST_F(FindingTest, WhatIsNoQueryIsRefused) {
  try {
    found("colour:red");
    FAIL() << "no such field";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EINVAL);
  }
}

TEST_F(FindingTest, APhotographIsNoArchive) {
  const auto reader = scratch_.catalog().reader();
  EXPECT_FALSE(look_inside(*reader, load_details(*reader, beach_).value()));
}

TEST_F(FindingTest, AnArchiveTellsWhatIsInside) {
  MediaFacts facts;
  facts.kind = Kind::kTexturePack;
  facts.is_archive = true;
  facts.mime = "application/zip";
  PackMember member;
  member.path = "maps/albedo.png";
  member.size = member.stored_size = 1;
  facts.pack = std::make_shared<const Pack>(Pack{member});
  facts.metadata["format"] = R"({"names_encoding":"cp866"})";
  const int64_t zip = scratch_.file("zip", "packs", "maps.zip", facts).asset;
  const auto reader = scratch_.catalog().reader();
  const auto inside = look_inside(*reader, load_details(*reader, zip).value());
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->pack, "maps");
  EXPECT_EQ(inside->count.files, 1);
  EXPECT_EQ(inside->count.folders, 1);
  EXPECT_TRUE(inside->oddities.empty());
  EXPECT_EQ(inside->names, "cp866");
  EXPECT_EQ(inside->names_runner_up, "");
}

TEST_F(FindingTest, WhatIsTypedMayBecomeFoldersAndNames) {
  const auto reader = scratch_.catalog().reader();
  using Names = std::vector<std::string>;
  EXPECT_EQ(groups_like(*reader, Grouping::kFolder, "20", 10), (Names{"2024", "2025"}));
  EXPECT_EQ(groups_like(*reader, Grouping::kFolder, "20", 1).size(), 1U);
  EXPECT_EQ(items_like(*reader, "2025/", 10), (Names{"2025/beach.jpg", "2025/hill.jpg"}));
  EXPECT_EQ(items_like(*reader, "hi", 10), Names{"hill.jpg"});
  EXPECT_TRUE(items_like(*reader, "1999/", 10).empty());
}

}  // namespace
}  // namespace damfs
