// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a file says of itself, and what people say of it.

#include "catalog/model/search/search.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::file_bytes;
using testing::ScratchCatalog;

MediaFacts saying(std::string title, std::optional<int> rating = {}, std::vector<std::string> tags = {}) {
  MediaFacts facts = testing::photo();
  facts.title = std::move(title);
  facts.description = facts.title.empty() ? "" : "about " + facts.title;
  facts.rating = rating;
  facts.tags = std::move(tags);
  return facts;
}

class WordsTest : public ::testing::Test {
 protected:
  // Imported from one source, again and again.
  int64_t import(const std::string& bytes, const MediaFacts& facts) {
    int64_t asset = 0;
    const Written written = catalog().write({.act = Act{.uid = 7, .what = "import"}}, [&](Writer& writer) {
      asset = file_bytes(writer, bytes, "a", "x.jpg", facts, "/source/x.jpg").asset;
    });
    act_ = written.act;
    return asset;
  }
  // Saved through a mount, and looked at afterwards.
  int64_t save(const std::string& bytes, const MediaFacts& facts) {
    int64_t asset = 0;
    const WriteRequest request{.act = Act{.uid = 7, .what = "cp"}};
    act_ = catalog()
               .write(request,
                      [&](Writer& writer) {
                        const SealedFile file{.version = writer.reserve_versions(1),
                                              .sha256 = digest_of(bytes),
                                              .size = static_cast<int64_t>(bytes.size())};
                        asset = writer.seal(file, 1, "x.jpg").asset;
                      })
               .act;
    catalog().write([&](Writer& writer) { writer.learn_facts(digest_of(bytes), facts); });
    return asset;
  }
  void say(int64_t asset, std::string_view title, std::optional<int64_t> rating) {
    catalog().write(WriteRequest{.act = Act{.uid = 7, .what = "say"}}, [&](Writer& writer) {
      writer.set_title(asset, title);
      writer.set_rating(asset, rating);
    });
  }
  std::string title(int64_t asset) { return catalog().reader()->words(asset).title; }
  std::optional<int64_t> rating(int64_t asset) { return catalog().reader()->words(asset).rating; }
  int64_t rated(int64_t stars) {
    db::Statement row(catalog().reader()->database(), "SELECT assets FROM shelf WHERE grouping = 8 AND key = ?1");
    row.bind_all(stars);
    return row.step() ? row.integer(0) : 0;
  }
  std::set<std::string> told(int64_t act) {
    std::set<std::string> lines;
    std::vector<Step> all;
    const auto reader = catalog().reader();
    steps(*reader, act, 0, [&](const Step& step) { return all.push_back(step), true; });
    for (const Step& step : all) lines.insert(tell(*reader, step));
    return lines;
  }
  void undo(int64_t act) {
    catalog().write(WriteRequest{.act = Act{.uid = 7, .what = "undo", .undoes = act}},
                    [&](Writer& writer) { EXPECT_EQ(writer.undo(act).left, 0); });
  }
  void TearDown() override { EXPECT_EQ(scratch_.problems(), std::vector<std::string>()); }
  Catalog& catalog() { return scratch_.catalog(); }

  ScratchCatalog scratch_;
  int64_t act_ = 0;
};

TEST_F(WordsTest, ANewStateOfASourceIsCountedWhereItsRatingPutsIt) {
  const int64_t asset = import("one", saying("One", 2));
  EXPECT_EQ(rated(2), 1);
  EXPECT_EQ(import("two", saying("Two", 5)), asset);
  EXPECT_EQ(rated(2), 0);
  EXPECT_EQ(rated(5), 1);
  EXPECT_EQ(title(asset), "Two");
}

TEST_F(WordsTest, ANewStateOfASourceIsInTheJournalAndCanBeTakenBack) {
  const int64_t asset = import("one", saying("One", 2, {"sea"}));
  EXPECT_EQ(told(act_),
            (std::set<std::string>{"+ originals/a/x.jpg", "+ tag sea: x.jpg", "new folder a", "new tag sea"}))
      << "with all that it says";
  import("two", saying("Two", 5, {"sea", "wind"}));
  const auto lines = told(act_);
  for (const char* line : {"title of x.jpg: 'One' -> 'Two'", "rating of x.jpg: '2' -> '5'", "+ tag wind: x.jpg",
                           "description of x.jpg: 'about One' -> 'about Two'", "new version of x.jpg"}) {
    EXPECT_TRUE(lines.contains(line)) << line;
  }
  undo(act_);
  EXPECT_EQ(title(asset), "One");
  EXPECT_EQ(rating(asset), 2);
  EXPECT_EQ(catalog().reader()->tag_paths(asset), std::vector<std::string>{"sea"});
  EXPECT_EQ(scratch_.asset(asset).row.size, 3);
  EXPECT_EQ(rated(2), 1);
}

TEST_F(WordsTest, WhatSomebodySaidStaysOverWhatANewStateSays) {
  const int64_t asset = import("one", saying("One", 2, {"sea"}));
  say(asset, "Mine", 1);
  catalog().write([&](Writer& writer) { writer.remove_tag(asset, *writer.find_group(Grouping::kTag, "sea")); });
  import("two", saying("Two", 5, {"sea", "wind"}));
  EXPECT_EQ(title(asset), "Mine");
  EXPECT_EQ(rating(asset), 1);
  EXPECT_EQ(catalog().reader()->words(asset).description, "about Two") << "nobody had said another one";
  EXPECT_EQ(catalog().reader()->tag_paths(asset), std::vector<std::string>{"wind"}) << "'sea' was taken away";
}

TEST_F(WordsTest, WhatAFileDoesNotSayAnyMoreStays) {
  const int64_t asset = import("one", saying("One", 2));
  import("two", saying(""));
  EXPECT_EQ(title(asset), "One");
  EXPECT_EQ(rating(asset), 2);
}

TEST_F(WordsTest, WhatALookFindsBelongsToTheActThatBroughtTheFile) {
  const int64_t asset = save("one", saying("One", 3, {"sea"}));
  EXPECT_EQ(title(asset), "One");
  EXPECT_EQ(rated(3), 1);
  const auto lines = told(act_);
  EXPECT_TRUE(lines.contains("+ originals/x.jpg"));
  EXPECT_TRUE(lines.contains("rating of x.jpg: '' -> '3'"));
  EXPECT_TRUE(lines.contains("+ tag sea: x.jpg"));
  EXPECT_EQ(newest_undoable_act(*catalog().reader()), act_) << "a look is no act of its own";
  undo(act_);
  EXPECT_EQ(rated(3), 0);
}

// As programs save: under another name, which then takes the place of the first.
TEST_F(WordsTest, WhatAStateSaysThatTookAnothersPlaceIsHeard) {
  const int64_t asset = save("one", saying("One", 3));
  catalog().write(WriteRequest{.act = Act{.uid = 7, .what = "mv"}}, [&](Writer& writer) {
    file_bytes(writer, "two", "", "y.jpg", saying("Two", 5));
    writer.replace_entry_by(*writer.entry_at(1, "x.jpg"), *writer.entry_at(1, "y.jpg"));
  });
  EXPECT_EQ(title(asset), "Two");
  EXPECT_EQ(rated(5), 1);
  EXPECT_EQ(rated(3), 0);
}

TEST_F(WordsTest, WhatSomebodySaidBeforeTheFirstLookStays) {
  const int64_t asset = save("one", testing::plain_file());
  say(asset, "Mine", 1);
  save("two", saying("Two", 5));
  EXPECT_EQ(title(asset), "Mine");
  EXPECT_EQ(rating(asset), 1);
}

TEST_F(WordsTest, LookingAgainAtKnownBytesKeepsTheCountsAndWhatPeopleSaid) {
  const int64_t asset = import("one", saying("One", 2));
  say(asset, "Mine", 4);
  MediaFacts newer = saying("Other", 5);
  newer.captured = CaptureTime::parse("2001-02-03T04:05:06");
  catalog().write([&](Writer& writer) { writer.renew_facts(digest_of("one"), newer); });
  EXPECT_EQ(title(asset), "Mine");
  EXPECT_EQ(rated(4), 1);
  EXPECT_TRUE(catalog().reader()->group(Grouping::kDay, Day{2001, 2, 3}.key()));
}

}  // namespace
}  // namespace damfs
