// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/tagging.h"

#include <cerrno>

#include "catalog/acts/setting.h"
#include "catalog/acts/undoing.h"
#include "catalog/base/error.h"
#include "catalog/model/read/details.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

const Act kAct{.uid = 7, .what = "a test"};

class TaggingTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(scratch_.problems().empty()); }

  // Name → how many are in it.
  std::map<std::string, int64_t> listed(Grouping grouping) {
    std::map<std::string, int64_t> all;
    list_groups(*catalog().reader(), grouping, [&](const ListedGroup& group) { all[group.name] = group.assets; });
    return all;
  }
  Details details(int64_t asset) { return load_details(*catalog().reader(), asset).value(); }
  Catalog& catalog() { return scratch_.catalog(); }
  int64_t newest_act() { return act_to_undo(*catalog().reader(), {}).value().id; }

  using Counts = std::map<std::string, int64_t>;
  testing::ScratchCatalog scratch_;
  const int64_t one_ = scratch_.file("one", "a", "one.jpg").asset;
  const int64_t two_ = scratch_.file("two", "a", "two.jpg").asset;
};

TEST_F(TaggingTest, GroupsAreMadeFilledAndListed) {
  for (const Grouping grouping : {Grouping::kTag, Grouping::kAlbum}) {
    EXPECT_EQ(add_to_group(catalog(), kAct, grouping, "places/rome", {one_, two_}).changed, 2);
    EXPECT_EQ(add_to_group(catalog(), kAct, grouping, "places/rome", {one_}).changed, 0);
    EXPECT_EQ(remove_from_group(catalog(), kAct, grouping, "places/rome", {two_}).changed, 1);
    EXPECT_EQ(listed(grouping), (Counts{{"places", 0}, {"places/rome", 1}}));
  }
}

// Scenario: a library that somebody sent, whose catalog says that the top of all tags is below one of them; and one
// that is deeper than a stack.
TEST(HostileTags, AreListedToTheEnd) {
  constexpr int kLevels = 3000;
  testing::ScratchCatalog scratch;
  scratch.catalog().write([&](Writer& writer) {
    int64_t at = writer.make_group(Grouping::kTag, 1, "a");
    writer.make_group(Grouping::kTag, 1, "b");
    for (int i = 0; i < kLevels; ++i) at = writer.make_group(Grouping::kTag, at, "x");
    db::Statement(writer.database(), "UPDATE tag SET parent_id = ?1 WHERE id = 1").bind_all(at).run();
  });
  std::vector<std::string> names;
  list_groups(*scratch.catalog().reader(), Grouping::kTag,
              [&](const ListedGroup& group) { names.push_back(group.name); });
  ASSERT_EQ(names.size(), size_t{kLevels} + 2);
  EXPECT_EQ(names[0], "a");
  EXPECT_EQ(names[1], "a/x");
  EXPECT_EQ(names.back(), "b");
}

// Scenario: each level took a part of the stack, which ended before the tags of a catalog that somebody sent did.
TEST(HostileTags, AreMergedAndDeletedToTheEnd) {
  constexpr int kLevels = 20'000;
  testing::ScratchCatalog scratch;
  const int64_t photo = scratch.file("photo", "", "photo.jpg").asset;
  int64_t from = 0;
  int64_t into = 0;
  scratch.catalog().write([&](Writer& writer) {
    from = writer.make_group(Grouping::kTag, 1, "from");
    into = writer.make_group(Grouping::kTag, 1, "into");
    db::Statement add(writer.database(),
                      "INSERT INTO tag (parent_id, name, name_key, changed_ns) VALUES (?1, 'x', 'x', 1)");
    for (int64_t at : {from, into}) {
      for (int i = 0; i < kLevels; ++i) {
        add.bind_all(at).run();
        at = writer.database().last_insert_id();
      }
      writer.add_tag(photo, at);
    }
  });
  const auto tags = [&] { return scratch.catalog().reader()->database().integer("SELECT count(*) FROM tag"); };
  ASSERT_EQ(tags(), 2 * kLevels + 3);
  scratch.catalog().write([&](Writer& writer) { writer.merge_group(Grouping::kTag, from, into); });
  EXPECT_EQ(tags(), kLevels + 2);
  EXPECT_EQ(scratch.catalog().reader()->tags(photo).size(), 1U);
  scratch.catalog().write([&](Writer& writer) { writer.delete_group(Grouping::kTag, into); });
  EXPECT_EQ(tags(), 1);
  EXPECT_TRUE(scratch.catalog().reader()->tags(photo).empty());
}

// Scenario: in a catalog that somebody sent, two tags each stand below themselves.
TEST(HostileTags, ThatStandBelowThemselvesAreNotMergedForEver) {
  testing::ScratchCatalog scratch;
  int64_t from = 0;
  int64_t into = 0;
  scratch.catalog().write([&](Writer& writer) {
    const auto make = [&](int64_t parent, const char* name) { return writer.make_group(Grouping::kTag, parent, name); };
    from = make(make(1, "a"), "loop");
    into = make(make(1, "b"), "loop");
    db::Statement hang(writer.database(), "UPDATE tag SET parent_id = ?2 WHERE id = ?1");
    for (const int64_t top : {from, into}) hang.bind_all(top, make(top, "x")).run();
  });
  try {
    scratch.catalog().write([&](Writer& writer) { writer.merge_group(Grouping::kTag, from, into); });
    FAIL() << "it was merged";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EUCLEAN) << error.what();
  }
}

TEST_F(TaggingTest, WhatIsNotThereIsToldAndNothingIsDone) {
  add_to_group(catalog(), kAct, Grouping::kTag, "sea", {one_});
  const int64_t before = newest_act();
  EXPECT_EQ(remove_from_group(catalog(), kAct, Grouping::kTag, "see", {one_}).missing, "see");
  EXPECT_EQ(merge_groups(catalog(), kAct, Grouping::kTag, "sea", "ocean").missing, "ocean");
  EXPECT_EQ(rename_group(catalog(), kAct, Grouping::kTag, "", "ocean").missing, "");
  EXPECT_EQ(delete_group(catalog(), kAct, Grouping::kAlbum, "sea").missing, "sea");
  EXPECT_EQ(set_album_numbers(catalog(), kAct, "sea", true).missing, "sea");
  EXPECT_FALSE(album_query(catalog(), "sea"));
  EXPECT_EQ(newest_act(), before);
  EXPECT_EQ(listed(Grouping::kTag), (Counts{{"sea", 1}}));
}

TEST_F(TaggingTest, GroupsAreRenamedMergedAndDeletedEachInOneAct) {
  add_to_group(catalog(), kAct, Grouping::kTag, "sea", {one_});
  add_to_group(catalog(), kAct, Grouping::kTag, "ocean", {two_});
  EXPECT_FALSE(rename_group(catalog(), kAct, Grouping::kTag, "sea", "water/sea").missing);
  EXPECT_FALSE(merge_groups(catalog(), kAct, Grouping::kTag, "ocean", "water/sea").missing);
  EXPECT_EQ(listed(Grouping::kTag), (Counts{{"water", 0}, {"water/sea", 2}}));
  EXPECT_FALSE(delete_group(catalog(), kAct, Grouping::kTag, "water").missing);
  EXPECT_TRUE(listed(Grouping::kTag).empty());
  undo_act(catalog(), 7, act_to_undo(*catalog().reader(), {}).value());
  EXPECT_EQ(listed(Grouping::kTag), (Counts{{"water", 0}, {"water/sea", 2}}));
}

TEST_F(TaggingTest, AQueryFillsAnAlbum) {
  EXPECT_EQ(set_album_query(catalog(), kAct, "ones", "").missing, "ones");
  EXPECT_FALSE(set_album_query(catalog(), kAct, "ones", "one").missing);
  EXPECT_EQ(album_query(catalog(), "ones"), "one");
  EXPECT_EQ(listed(Grouping::kAlbum), (Counts{{"ones", 1}}));
  EXPECT_FALSE(set_album_query(catalog(), kAct, "ones", "").missing);
  EXPECT_EQ(album_query(catalog(), "ones"), "");
  EXPECT_FALSE(set_album_numbers(catalog(), kAct, "ones", true).missing);
  list_groups(*catalog().reader(), Grouping::kAlbum, [](const ListedGroup& group) { EXPECT_TRUE(group.numbered); });
}

TEST_F(TaggingTest, WordsAreSetOfAllInOneAct) {
  EXPECT_EQ(set_words(catalog(), kAct, {one_, two_}, {.sets_rating = true, .rating = 5, .title = "Sea"}), 2);
  EXPECT_EQ(details(one_).rating, 5);
  EXPECT_EQ(details(two_).title, "Sea");
  EXPECT_EQ(set_words(catalog(), kAct, {one_, two_}, {.sets_rating = true, .rating = 5, .description = ""}), 0);
  EXPECT_EQ(set_words(catalog(), kAct, {one_}, {.sets_rating = true, .description = "Calm"}), 1);
  EXPECT_EQ(details(one_).rating, std::nullopt);
  EXPECT_EQ(details(one_).title, "Sea");
  EXPECT_EQ(details(one_).description, "Calm");
  try {
    set_words(catalog(), kAct, {one_, two_}, {.sets_rating = true, .rating = 6});
    FAIL() << "no rating is so high";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EINVAL);
  }
}

}  // namespace
}  // namespace damfs
