// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/items.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

class ItemsTest : public ::testing::Test {
 protected:
  FoundItems find(const Items& items, const AtPath& at_path = {}) {
    return find_items(*scratch_.catalog().reader(), items, at_path);
  }

  testing::ScratchCatalog scratch_;
  const int64_t sunset_ = scratch_.file("sunset", "2024/rome", "sunset.jpg").asset;
  const int64_t beach_ = scratch_.file("beach", "2024", "beach.jpg").asset;
};

TEST_F(ItemsTest, ArePathsLabelsNumbersAndFolders) {
  EXPECT_EQ(find({{"2024/beach.jpg"}}).assets, std::vector{beach_});
  EXPECT_EQ(find({{"sunset.jpg"}}).assets, std::vector{sunset_});
  EXPECT_EQ(find({{"#" + std::to_string(beach_)}}).assets, std::vector{beach_});
  EXPECT_EQ(find({{"2024/rome/"}}).assets, std::vector{sunset_});
  EXPECT_EQ(find({{"./2024"}}).assets.size(), 2U);
}

TEST_F(ItemsTest, AreEachOnceInTheOrderInWhichTheyWereNamed) {
  EXPECT_EQ(find({{"sunset.jpg", "2024", "beach.jpg"}}).assets, (std::vector{sunset_, beach_}));
  EXPECT_EQ(find({{"sunset.jpg"}, "beach"}).assets, (std::vector{sunset_, beach_}));
}

TEST_F(ItemsTest, WhatIsMissedIsToldWithWhatMayHaveBeenMeant) {
  const FoundItems found = find({{"sunste.jpg", "beach.jpg", "zzz"}, "tag:none"});
  EXPECT_EQ(found.assets, std::vector{beach_});
  ASSERT_EQ(found.missed.size(), 3U);
  EXPECT_EQ(found.missed[0].why, MissedItem::Why::kUnknown);
  EXPECT_EQ(found.missed[0].meant, "2024/rome/sunset.jpg");
  EXPECT_EQ(found.missed[1].item, "zzz");
  EXPECT_EQ(found.missed[1].meant, "");
  EXPECT_EQ(found.missed[2].why, MissedItem::Why::kNothingFound);
  EXPECT_EQ(found.missed[2].item, "tag:none");
}

TEST_F(ItemsTest, MayBePathsOfThisMachine) {
  const auto at_path = [this](const std::string& item) -> std::optional<ItemsAt> {
    if (item == "/mnt/x.jpg") return ItemsAt{{sunset_}};
    if (item == "/mnt/locked") return ItemsAt{{beach_}, "it could not be read"};
    return std::nullopt;
  };
  const FoundItems found = find({{"/mnt/x.jpg", "/mnt/locked", "beach.jpg"}}, at_path);
  EXPECT_EQ(found.assets, (std::vector{sunset_, beach_}));
  ASSERT_EQ(found.missed.size(), 1U);
  EXPECT_EQ(found.missed[0].why, MissedItem::Why::kAtPath);
  EXPECT_EQ(found.missed[0].problem, "it could not be read");
}

TEST_F(ItemsTest, NamingNoneIsRefused) {
  try {
    find({});
    FAIL() << "nothing was meant";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EINVAL);
  }
}

}  // namespace
}  // namespace damfs
