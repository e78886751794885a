// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/journal.h"

#include <algorithm>
#include <cerrno>
#include <random>

#include "catalog/model/search/search.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::photo;
using testing::ScratchCatalog;

class JournalTest : public ::testing::Test {
 protected:
  // After every test, whatever it did: the catalog agrees with itself.
  void TearDown() override {
    for (const std::string& problem : scratch_.problems()) ADD_FAILURE() << problem;
  }

  int64_t file(const std::string& name) { return scratch_.file("bytes of " + name, "", name, photo(), {}).asset; }
  Catalog& catalog() { return scratch_.catalog(); }

  // Does it as one act; gives the act's number, or 0 when nothing changed.
  int64_t act(const std::string& what, const std::function<void(Writer&)>& work) {
    catalog().write({.uid = 7, .what = what}, work);
    const auto newest = newest_undoable_act(*catalog().reader());
    return newest.value_or(0);
  }
  void tag(const std::string& path, const std::vector<int64_t>& assets) {
    act("tag " + path, [&](Writer& writer) {
      for (const int64_t asset : assets) writer.add_tag(asset, writer.ensure_group(Grouping::kTag, path));
    });
  }
  void album(const std::string& path, const std::vector<int64_t>& assets) {
    act("album " + path, [&](Writer& writer) {
      for (const int64_t asset : assets) writer.add_to_album(asset, writer.ensure_group(Grouping::kAlbum, path));
    });
  }
  Writer::Undone undo(int64_t number) {
    Writer::Undone undone;
    catalog().write({.uid = 7, .what = "undo", .undoes = number},
                    [&](Writer& writer) { undone = writer.undo(number); });
    return undone;
  }
  int64_t act_that_undoes(int64_t number) {
    const auto row = damfs::act(*catalog().reader(), number);
    return row ? row->undone_by : 0;
  }
  int64_t group(Grouping grouping, const std::string& path) {
    int64_t found = 0;
    catalog().write([&](Writer& writer) { found = writer.find_group(grouping, path).value_or(0); });
    return found;
  }

  // All that an act can change, as text: ids of groups, their paths, what is in them in its order, and all words.
  std::string picture() {
    const auto reader = catalog().reader();
    std::string text;
    for (const Grouping grouping : {Grouping::kTag, Grouping::kAlbum}) draw(*reader, grouping, top_key(grouping), text);
    for (int64_t asset = 1; reader->asset(asset); ++asset) {
      const WordsRow words = reader->words(asset);
      text += fmt::format("{}: {} '{}' '{}'\n", asset, words.rating.value_or(-9), words.title, words.description);
    }
    return text;
  }

  std::vector<int64_t> found(const std::string& query) {
    std::vector<int64_t> assets;
    search(*catalog().reader(), parse_query(query), 0, [&](int64_t asset) {
      assets.push_back(asset);
      return true;
    });
    std::sort(assets.begin(), assets.end());
    return assets;
  }

  ScratchCatalog scratch_;

 private:
  static void draw(Reader& reader, Grouping grouping, int64_t key, std::string& text) {
    std::vector<int64_t> below;
    reader.groups(grouping, key, 0, [&](const GroupRow& row) {
      text += fmt::format("{}/{} {}:", key, row.key, row.name);
      below.push_back(row.key);
      text += '\n';
      return true;
    });
    reader.assets(grouping, key, 0, [&](const AssetRow& row) {
      text += fmt::format("  in {}: {}\n", key, row.id);
      return true;
    });
    for (const int64_t child : below) draw(reader, grouping, child, text);
  }
};

TEST_F(JournalTest, SaysWhoDidWhatAndWhatItWasBefore) {
  const int64_t one = file("one.jpg");
  const int64_t two = file("two.jpg");
  tag("places/rome", {one, two});
  const int64_t rated = act("rate", [&](Writer& writer) { EXPECT_TRUE(writer.set_rating(one, 4)); });
  const auto reader = catalog().reader();
  std::vector<ActRow> rows;
  acts(*reader, 0, [&](const ActRow& row) {
    rows.push_back(row);
    return true;
  });
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, rated);
  EXPECT_EQ(rows[0].uid, 7);
  EXPECT_EQ(rows[0].what, "rate");
  EXPECT_EQ(rows[1].steps, 4);  // two tags that are new, and two assets in one of them

  std::vector<Step> told;
  steps(*reader, rows[0].id, 0, [&](const Step& step) {
    told.push_back(step);
    return true;
  });
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].before, "");
  EXPECT_EQ(told[0].after, "4");
  EXPECT_EQ(tell(*reader, told[0]), "rating of one.jpg: '' -> '4'");

  int64_t of_two = 0;
  acts(*reader, two, [&](const ActRow&) { return ++of_two > 0; });
  EXPECT_EQ(of_two, 1);
}

TEST_F(JournalTest, WhatChangesNothingLeavesNoTrace) {
  const int64_t one = file("one.jpg");
  tag("a", {one});
  const int64_t before = *newest_undoable_act(*catalog().reader());
  tag("A", {one});  // the same tag
  EXPECT_EQ(*newest_undoable_act(*catalog().reader()), before);
}

TEST_F(JournalTest, EveryKindOfActIsTakenBackToTheIdAndThePosition) {
  const int64_t one = file("one.jpg");
  const int64_t two = file("two.jpg");
  const int64_t three = file("three.jpg");
  tag("places/italy/rome", {one, two});
  tag("places/italy", {three});
  tag("city", {two});
  album("Best", {three, one, two});
  album("Trips/2024", {one});

  using Work = std::function<void(Writer&)>;
  const auto tag_id = [&](const std::string& path) { return group(Grouping::kTag, path); };
  const auto album_id = [&](const std::string& path) { return group(Grouping::kAlbum, path); };
  const int64_t rome = tag_id("places/italy/rome");
  const int64_t places = tag_id("places");
  const int64_t city = tag_id("city");
  const int64_t best = album_id("Best");
  const int64_t trips = album_id("Trips");
  const std::vector<std::pair<std::string, Work>> all = {
      {"untag", [&](Writer& w) { w.remove_tag(one, rome); }},
      {"rename tag", [&](Writer& w) { w.move_group(Grouping::kTag, places, "where"); }},
      {"spell tag", [&](Writer& w) { w.move_group(Grouping::kTag, city, "CITY"); }},
      {"move tag", [&](Writer& w) { w.move_group(Grouping::kTag, rome, "city/of seven hills"); }},
      {"merge tags", [&](Writer& w) { w.merge_group(Grouping::kTag, places, city); }},
      {"delete tags", [&](Writer& w) { w.delete_group(Grouping::kTag, places); }},
      {"take out of the middle", [&](Writer& w) { w.remove_from_album(one, best); }},
      {"delete album", [&](Writer& w) { w.delete_group(Grouping::kAlbum, best); }},
      {"nest album", [&](Writer& w) { w.move_group(Grouping::kAlbum, best, "Trips/Best"); }},
      {"merge albums", [&](Writer& w) { w.merge_group(Grouping::kAlbum, trips, best); }},
      {"words",
       [&](Writer& w) {
         w.set_rating(two, 5);
         w.set_rating(two, std::nullopt);
         w.set_rating(two, 1);
         w.set_title(two, "T");
         w.set_description(two, "D");
       }},
  };
  const std::string before = picture();
  for (const auto& [what, work] : all) {
    SCOPED_TRACE(what);
    const int64_t number = act(what, work);
    const std::string after = picture();
    EXPECT_NE(after, before);
    EXPECT_EQ(undo(number).left, 0);
    EXPECT_EQ(picture(), before);
    // And the undo is an act as well.
    const int64_t undoing = act_that_undoes(number);
    EXPECT_EQ(undo(undoing).left, 0);
    EXPECT_EQ(picture(), after);
    EXPECT_EQ(undo(act_that_undoes(undoing)).left, 0);
    EXPECT_EQ(picture(), before);
    for (const std::string& problem : scratch_.problems()) ADD_FAILURE() << problem;
  }
}

TEST_F(JournalTest, AFoundAssetFollowsItsTagsNames) {
  const int64_t one = file("one.jpg");
  tag("places/rome", {one});
  const int64_t renamed =
      act("rename", [&](Writer& w) { w.move_group(Grouping::kTag, *w.find_group(Grouping::kTag, "places"), "towns"); });
  EXPECT_EQ(found("towns"), std::vector<int64_t>{one});
  EXPECT_EQ(found("tag:towns/rome"), std::vector<int64_t>{one});
  EXPECT_TRUE(found("places").empty());
  undo(renamed);
  EXPECT_EQ(found("places"), std::vector<int64_t>{one});
}

TEST_F(JournalTest, WhatWasChangedAgainSinceIsLeft) {
  const int64_t one = file("one.jpg");
  const int64_t two = file("two.jpg");
  const int64_t first = act("rate", [&](Writer& w) {
    w.set_rating(one, 1);
    w.set_rating(two, 1);
  });
  act("rate again", [&](Writer& w) { w.set_rating(one, 5); });
  const Writer::Undone undone = undo(first);
  EXPECT_EQ(undone.steps, 2);
  EXPECT_EQ(undone.left, 1);
  EXPECT_EQ(catalog().reader()->words(one).rating, 5);
  EXPECT_EQ(catalog().reader()->words(two).rating, std::nullopt);
}

TEST_F(JournalTest, AGroupThatWasFilledSinceIsNotDeletedByAnUndo) {
  const int64_t one = file("one.jpg");
  const int64_t made = act("mkdir", [](Writer& w) { w.ensure_group(Grouping::kAlbum, "New"); });
  album("New", {one});
  EXPECT_EQ(undo(made).left, 1);
  EXPECT_NE(group(Grouping::kAlbum, "New"), 0);
}

TEST_F(JournalTest, ADeletedGroupWhoseNameIsTakenStaysDeleted) {
  const int64_t one = file("one.jpg");
  tag("a", {one});
  const int64_t deleted =
      act("delete", [](Writer& w) { w.delete_group(Grouping::kTag, *w.find_group(Grouping::kTag, "a")); });
  act("mkdir", [](Writer& w) { w.ensure_group(Grouping::kTag, "A"); });
  EXPECT_EQ(undo(deleted).left, 2);
  EXPECT_TRUE(catalog().reader()->tag_paths(one).empty());
}

TEST_F(JournalTest, RefusesWhatCannotBe) {
  const int64_t one = file("one.jpg");
  tag("a/b", {one});
  tag("c", {one});
  const auto code = [&](const std::function<void(Writer&)>& work) {
    try {
      catalog().write({.uid = 0, .what = "no"}, work);
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  };
  const auto id = [](Writer& w, const char* path) { return *w.find_group(Grouping::kTag, path); };
  const std::string before = picture();
  EXPECT_EQ(code([&](Writer& w) { w.move_group(Grouping::kTag, id(w, "a"), "a/b/c"); }), EINVAL);
  EXPECT_EQ(code([&](Writer& w) { w.move_group(Grouping::kTag, id(w, "a"), "C"); }), EEXIST);
  EXPECT_EQ(code([&](Writer& w) { w.move_group(Grouping::kTag, id(w, "a"), "x/"); }), EINVAL);
  EXPECT_EQ(code([&](Writer& w) { w.merge_group(Grouping::kTag, id(w, "a"), id(w, "a/b")); }), EINVAL);
  EXPECT_EQ(code([&](Writer& w) { w.merge_group(Grouping::kTag, id(w, "a"), id(w, "a")); }), EINVAL);
  EXPECT_EQ(code([&](Writer& w) { w.set_rating(one, 6); }), EINVAL);
  EXPECT_EQ(picture(), before);
}

// Thousands of random acts, and all of them taken back in turn: nothing is left of them.
TEST_F(JournalTest, ALongHistoryIsTakenBackToItsBeginning) {
  std::vector<int64_t> assets;
  for (int i = 0; i < 12; ++i) assets.push_back(file(fmt::format("{}.jpg", i)));
  std::mt19937 random(11);
  const auto any = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  const auto path = [&] { return fmt::format("{}/{}", char('a' + any(4)), char('a' + any(4))); };
  const std::string before = picture();
  std::vector<int64_t> numbers;
  for (int i = 0; i < 400; ++i) {
    const Grouping grouping = any(2) == 0 ? Grouping::kTag : Grouping::kAlbum;
    const int64_t asset = assets[static_cast<size_t>(any(12))];
    try {
      const int64_t number = act("something", [&](Writer& w) {
        const auto group = w.find_group(grouping, any(2) == 0 ? path() : path().substr(0, 1));
        const int what = any(8);
        if (what < 3 || !group) {
          const int64_t made = w.ensure_group(grouping, path());
          grouping == Grouping::kTag ? w.add_tag(asset, made) : w.add_to_album(asset, made);
        } else if (what == 3) {
          grouping == Grouping::kTag ? w.remove_tag(asset, *group) : w.remove_from_album(asset, *group);
        } else if (what == 4) {
          w.move_group(grouping, *group, path());
        } else if (what == 5) {
          w.merge_group(grouping, *group, w.ensure_group(grouping, path()));
        } else if (what == 6) {
          w.delete_group(grouping, *group);
        } else {
          w.set_rating(asset, any(6));
          w.set_title(asset, path());
        }
      });
      if (number != 0 && (numbers.empty() || numbers.back() != number)) numbers.push_back(number);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == EINVAL || error.code() == EEXIST) << error.what();
    }
  }
  EXPECT_GT(numbers.size(), 200U);
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) EXPECT_EQ(undo(*number).left, 0) << *number;
  EXPECT_EQ(picture(), before);
}

}  // namespace
}  // namespace damfs
