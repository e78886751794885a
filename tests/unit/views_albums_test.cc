// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::file_bytes;
using testing::list_all;
using testing::Listed;
using testing::photo;
using testing::ScratchTree;

class AlbumFoldersTest : public ::testing::Test {
 protected:
  AlbumFoldersTest() : tree_("damfs-fake-worker") {
    tree_.catalog().write([&](Writer& writer) {
      for (const char* name : {"one.jpg", "two.jpg", "three.jpg", "four.jpg"}) {
        assets_.push_back(file_bytes(writer, name, "a", name, photo()).asset);
      }
      best_ = writer.ensure_group(Grouping::kAlbum, "Best");
      writer.set_album_query(best_, "rating:>=4");
      writer.set_rating(assets_[1], 5);
    });
  }

  void TearDown() override {
    for (const std::string& problem : tree_.problems()) ADD_FAILURE() << problem;
  }

  // The names that a folder lists, each of which must be found in it as it is listed.
  std::string names(const std::string& path) {
    const NodeRef folder = at_path(tree_.tree, path);
    if (!folder) return "-";
    std::string all;
    for (const Listed& entry : list_all(*folder)) {
      all += (all.empty() ? "" : ", ") + entry.name;
      const NodeRef found = folder->lookup(EntryName(entry.name));
      EXPECT_TRUE(found && found->id() == entry.attributes.node) << path << "/" << entry.name;
    }
    return all;
  }
  NodeId id(const std::string& path) { return at_path(tree_.tree, path)->id(); }
  // What a kernel is told that holds everything.
  std::set<std::string> told(NodeId folder, const std::function<void(Writer&)>& act) {
    const int64_t since = tree_.tree.newest_change();
    tree_.catalog().write(act);
    std::set<std::string> told;
    for (const Stale& stale : tree_.tree.news(since, [](NodeId) { return true; }).stale) {
      if (stale.node != folder) continue;
      told.insert(stale.what == Stale::What::kEntry ? stale.name : "(listing)");
    }
    return told;
  }

  ScratchTree tree_;
  std::vector<int64_t> assets_;
  int64_t best_ = 0;
};

TEST_F(AlbumFoldersTest, ASmartAlbumShowsWhatItsQueryFinds) {
  EXPECT_EQ(names("albums/Best"), "two.jpg");
  EXPECT_EQ(names("previews/small/albums/Best"), "two.jpg.webp");
  EXPECT_EQ(names("albums/Best/+/two"), "two.jpg");
  EXPECT_EQ(at_path(tree_.tree, "albums/Best")->xattr("user.damfs.query"), "rating:>=4");
  EXPECT_EQ(at_path(tree_.tree, "previews/small/albums/Best")->xattr_names(),
            std::vector<std::string>{"user.damfs.query"});
  EXPECT_TRUE(at_path(tree_.tree, "albums")->xattr_names().empty());
}

TEST_F(AlbumFoldersTest, AKernelIsToldWhatComesIntoASmartAlbumAndLeavesIt) {
  const auto rate = [&](size_t which, std::optional<int64_t> stars) {
    return [this, which, stars](Writer& writer) { writer.set_rating(assets_[which], stars); };
  };
  const std::set<std::string> three = {"three.jpg", "(listing)"};
  EXPECT_EQ(told(id("albums/Best"), rate(2, 4)), three);
  EXPECT_EQ(names("albums/Best"), "two.jpg, three.jpg");
  EXPECT_EQ(told(id("albums/Best"), rate(2, 3)), three);
  EXPECT_TRUE(told(id("previews/small/albums/Best"), rate(2, 5)).contains("three.jpg.webp"));
  // Another query: all names in it, by that of the album.
  EXPECT_TRUE(told(id("albums"), [&](Writer& writer) { writer.set_album_query(best_, "one"); }).contains("Best"));
  EXPECT_EQ(names("albums/Best"), "one.jpg");
}

TEST_F(AlbumFoldersTest, WhatAsksForAnAlbumIsToldWhenThatIsAnotherOne) {
  EXPECT_EQ(names("search/album:best"), "two.jpg");
  const NodeId search = id("search");
  const auto ask = [&](Writer& writer) { writer.set_album_query(best_, "one"); };
  EXPECT_EQ(told(search, ask), std::set<std::string>{"album:best"});
  EXPECT_EQ(names("search/album:best"), "one.jpg");
}

TEST_F(AlbumFoldersTest, ANumberedAlbumShowsItsOrder) {
  int64_t trip = 0;
  tree_.catalog().write([&](Writer& writer) {
    trip = writer.ensure_group(Grouping::kAlbum, "Trip");
    for (const int64_t asset : {assets_[2], assets_[0]}) writer.add_to_album(asset, trip);
    const std::string longest(251, 'x');
    writer.add_to_album(file_bytes(writer, "long", "", longest + ".jpg", photo()).asset, trip);
  });
  EXPECT_TRUE(at_path(tree_.tree, "albums/Trip")->may_cache_entries());
  const auto number = [&](Writer& writer) { writer.set_album_numbers(trip, true); };
  EXPECT_TRUE(told(id("albums"), number).contains("Trip"));
  EXPECT_EQ(names("albums/Trip").substr(0, 29), "001 three.jpg, 002 one.jpg, 0");
  EXPECT_NE(names("albums/Trip").find("~asset5.jpg"), std::string::npos) << "255 bytes and a number are too many";
  EXPECT_EQ(names("previews/small/albums/Trip").substr(0, 37), "001 three.jpg.webp, 002 one.jpg.webp,");
  EXPECT_FALSE(at_path(tree_.tree, "albums/Trip")->may_cache_entries());
  EXPECT_FALSE(at_path(tree_.tree, "albums/Trip")->may_cache_absence());
  for (const char* name : {"one.jpg", "2 one.jpg", "0002 one.jpg", "001 one.jpg", "002  one.jpg", "003 two.jpg"}) {
    EXPECT_FALSE(at_path(tree_.tree, std::string("albums/Trip/") + name)) << name;
  }
  const NodeId folder = id("albums/Trip");
  EXPECT_TRUE(told(folder, [&](Writer& writer) { writer.move_in_album(assets_[0], trip, 1); }).contains("(listing)"));
  EXPECT_EQ(names("albums/Trip").substr(0, 26), "001 one.jpg, 002 three.jpg");
}

}  // namespace
}  // namespace damfs
