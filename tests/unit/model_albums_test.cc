// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/album_numbers.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::photo;
using testing::ScratchCatalog;

class AlbumsTest : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const std::string& problem : scratch_.problems()) ADD_FAILURE() << problem;
  }

  int64_t file(const std::string& name) { return scratch_.file("bytes of " + name, "", name, photo(), {}).asset; }
  // As one act. An errno, or 0.
  int act(const std::function<void(Writer&)>& work) {
    try {
      scratch_.catalog().write({.uid = 7, .what = "act"}, work);
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  }
  int64_t album(const std::string& path) {
    int64_t id = 0;
    act([&](Writer& writer) { id = writer.ensure_group(Grouping::kAlbum, path); });
    return id;
  }
  int set_query(int64_t album, const std::string& query) {
    return act([&](Writer& writer) { writer.set_album_query(album, query); });
  }
  std::string query(int64_t album) {
    const auto row = scratch_.catalog().reader()->group(Grouping::kAlbum, album);
    return row ? row->query : "gone";
  }
  // How many steps were left.
  int64_t undo() {
    Writer::Undone undone;
    const auto newest = newest_undoable_act(*scratch_.catalog().reader());
    scratch_.catalog().write({.uid = 7, .what = "undo", .undoes = newest.value()},
                             [&](Writer& writer) { undone = writer.undo(*newest); });
    return undone.left;
  }

  ScratchCatalog scratch_;
};

TEST_F(AlbumsTest, AQueryIsGivenToAnEmptyAlbumOnly) {
  const int64_t one = file("one.jpg"), best = album("Best"), full = album("Full"), above = album("Above");
  album("Above/below");
  act([&](Writer& writer) { writer.add_to_album(one, full); });
  EXPECT_EQ(set_query(best, " rating:>=4 \n"), 0);
  EXPECT_EQ(query(best), "rating:>=4");
  EXPECT_EQ(set_query(full, "beach"), ENOTEMPTY);
  EXPECT_EQ(set_query(above, "beach"), ENOTEMPTY);
  EXPECT_EQ(set_query(1, "beach"), EPERM);
  EXPECT_EQ(set_query(999, "beach"), ENOENT);
  EXPECT_EQ(set_query(best, "rating:9"), EINVAL);
  EXPECT_EQ(set_query(best, "\"\""), EINVAL);
  EXPECT_EQ(query(best), "rating:>=4");
}

TEST_F(AlbumsTest, NothingComesIntoASmartAlbum) {
  const int64_t one = file("one.jpg"), best = album("Best"), other = album("Other");
  set_query(best, "one");
  EXPECT_EQ(act([&](Writer& writer) { writer.add_to_album(one, best); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.remove_from_album(one, best); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.ensure_group(Grouping::kAlbum, "Best/below"); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.make_group(Grouping::kAlbum, best, "below"); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.move_group(Grouping::kAlbum, other, "Best/Other"); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.merge_group(Grouping::kAlbum, other, best); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.merge_group(Grouping::kAlbum, best, other); }), EROFS);
  EXPECT_EQ(act([&](Writer& writer) { writer.move_group(Grouping::kAlbum, best, "Other/Best"); }), 0);
  EXPECT_EQ(query(best), "one");
}

TEST_F(AlbumsTest, UndoBringsAQueryBack) {
  const int64_t best = album("Best");
  set_query(best, "one");
  set_query(best, "two");
  EXPECT_EQ(undo(), 0);
  EXPECT_EQ(query(best), "one");
  act([&](Writer& writer) { writer.remove_group(Grouping::kAlbum, best); });
  EXPECT_EQ(query(best), "gone");
  EXPECT_EQ(undo(), 0);
  EXPECT_EQ(query(best), "one");
  EXPECT_EQ(undo(), 0) << "its being given one";
  EXPECT_EQ(query(best), "");
}

TEST_F(AlbumsTest, UndoLeavesWhatWasFilledSince) {
  const int64_t one = file("one.jpg"), best = album("Best");
  act([&](Writer& writer) { writer.add_to_album(one, best); });
  const auto added = *newest_undoable_act(*scratch_.catalog().reader());
  act([&](Writer& writer) { writer.remove_from_album(one, best); });
  set_query(best, "one");
  Writer::Undone undone;
  EXPECT_EQ(act([&](Writer& writer) { undone = writer.undo(added + 1); }), 0);
  EXPECT_EQ(undone.left, 1) << "nothing is put into a smart album";

  set_query(best, "");
  const auto cleared = *newest_undoable_act(*scratch_.catalog().reader());
  act([&](Writer& writer) { writer.add_to_album(one, best); });
  EXPECT_EQ(act([&](Writer& writer) { undone = writer.undo(cleared); }), 0);
  EXPECT_EQ(undone.left, 1) << "something is in it";
  EXPECT_EQ(query(best), "");
}

TEST_F(AlbumsTest, NoQueryLeadsBackToItsAlbum) {
  const int64_t a = album("a"), b = album("b"), below = album("top/c");
  EXPECT_EQ(set_query(a, "album:a"), ELOOP);
  EXPECT_EQ(set_query(a, "album:b"), 0);
  EXPECT_EQ(set_query(b, "beach -album:A"), ELOOP);
  EXPECT_EQ(set_query(below, "album:top"), ELOOP) << "what is below an album is in it";
  EXPECT_EQ(set_query(below, "album:b"), 0);
  EXPECT_EQ(set_query(b, "album:top/c"), ELOOP);
}

// However deep and wide albums ask for each other, a search of them ends and SQLite takes it.
TEST_F(AlbumsTest, QueriesWithinQueriesEnd) {
  const int64_t one = file("one.jpg");
  set_query(album("0"), "one");
  for (int i = 1; i <= 12; ++i) {
    std::string all;
    for (int k = 0; k < i; ++k) all += "album:" + std::to_string(k) + " ";
    const int64_t next = album(std::to_string(i));
    EXPECT_EQ(set_query(next, all), i < 4 ? 0 : ELOOP) << i;
    // As if they had been renamed into it.
    act([&](Writer& writer) {
      writer.database().execute("UPDATE album SET query = '" + all + "' WHERE id = " + std::to_string(next));
    });
  }
  const auto reader = scratch_.catalog().reader();
  for (int i = 0; i <= 12; ++i) {
    const auto terms = parse_query("album:" + std::to_string(i));
    int found = 0;
    search(*reader, terms, 0, [&](int64_t) { return ++found > 0; });
    EXPECT_EQ(matches(*reader, {{}, terms}, *reader->asset(one)), found == 1) << i;
    EXPECT_TRUE(found == 1 || i >= 4) << i;
  }
}

class AlbumOrderTest : public AlbumsTest {
 protected:
  AlbumOrderTest() {
    for (const char* name : {"a", "b", "c", "d", "e"}) assets_.push_back(file(name));
    album_ = album("Album");
    act([&](Writer& writer) {
      for (const int64_t asset : assets_) writer.add_to_album(asset, album_);
    });
  }
  void TearDown() override {
    while (acts_ > 0) {
      EXPECT_EQ(undo(), 0);
      --acts_;
    }
    EXPECT_EQ(order(), "1a 2b 3c 4d 5e") << "all taken back";
    AlbumsTest::TearDown();
  }

  int64_t id(char name) { return assets_.at(static_cast<size_t>(name - 'a')); }
  // "1a 2b".
  std::string order() {
    std::string all;
    scratch_.catalog().reader()->assets(Grouping::kAlbum, album_, 0, [&](const AssetRow& row) {
      all += fmt::format("{}{}{}", all.empty() ? "" : " ", row.cursor / kAlbumGap, row.name);
      return true;
    });
    return all;
  }
  std::string move(char name, int64_t number) {
    const std::string before = order();
    act([&](Writer& writer) { writer.move_in_album(id(name), album_, number); });
    if (order() != before) ++acts_;
    return order();
  }
  std::string remove(char name) {
    act([&](Writer& writer) { writer.remove_from_album(id(name), album_); });
    ++acts_;
    return order();
  }
  std::string add(char name, int64_t number) {
    act([&](Writer& writer) { writer.add_to_album_at(id(name), album_, number); });
    ++acts_;
    return order();
  }

  std::vector<int64_t> assets_;
  int64_t album_ = 0;
  int acts_ = 0;
};

TEST_F(AlbumOrderTest, WhatIsMovedPushesTheOthersOn) {
  EXPECT_EQ(move('c', 3), "1a 2b 3c 4d 5e");
  EXPECT_EQ(move('c', 1), "1c 2a 3b 4d 5e");
  EXPECT_EQ(move('c', 5), "1a 2b 3d 4e 5c");
  EXPECT_EQ(move('b', 3), "1a 2d 3b 4e 5c");
  EXPECT_EQ(move('a', 9), "2d 3b 4e 5c 9a");
  EXPECT_EQ(move('a', 3), "2d 3a 4b 5e 6c");
}

TEST_F(AlbumOrderTest, AGapTakesWhatIsPushed) {
  EXPECT_EQ(remove('b'), "1a 3c 4d 5e");
  EXPECT_EQ(remove('d'), "1a 3c 5e");
  EXPECT_EQ(move('e', 3), "1a 3e 4c");
  EXPECT_EQ(move('a', 4), "2e 3c 4a") << "towards where it was, as far as the first gap";
  EXPECT_EQ(add('b', 4), "2e 3c 4b 5a");
  EXPECT_EQ(add('d', 1), "1d 2e 3c 4b 5a");
}

TEST(AlbumNumbers, AreAsWideAsTheLast) {
  EXPECT_EQ(numbered_name(kAlbumGap, 999 * kAlbumGap, "a.jpg"), "001 a.jpg");
  EXPECT_EQ(numbered_name(12 * kAlbumGap, 1000 * kAlbumGap, "a.jpg"), "0012 a.jpg");
}

TEST(AlbumNumbers, ANameMayBeginWithAnother) {
  const auto meant = [](const char* name, int64_t last, const char* own = "") {
    const auto found = number_meant(name, last * kAlbumGap, own);
    return found ? fmt::format("{}|{}", found->number, found->label) : "none";
  };
  EXPECT_EQ(meant("003 a.jpg", 3), "3|a.jpg");
  EXPECT_EQ(meant("004 a.jpg", 3), "4|a.jpg");
  EXPECT_EQ(meant("099 a.jpg", 3), "99|a.jpg") << "nobody writes a nought for nothing";
  EXPECT_EQ(meant("100 days.jpg", 3), "none");
  EXPECT_EQ(meant("100 days.jpg", 120), "100|days.jpg");
  EXPECT_EQ(meant("2024 plan.txt", 3), "none");
  EXPECT_EQ(meant("3 a.jpg", 3), "none");
  EXPECT_EQ(meant("3 a.jpg", 3, "a.jpg"), "3|a.jpg");
  for (const char* name : {"", "003", "003 ", "003a.jpg", "000 a.jpg", "-01 a.jpg", "9999999999 a.jpg", " 003 a.jpg"}) {
    EXPECT_EQ(meant(name, 3), "none") << name;
  }
}

}  // namespace
}  // namespace damfs
