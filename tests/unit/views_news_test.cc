// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchTree;
using testing::walk_tree;

using Walk = std::map<std::string, Attributes>;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

bool same(const Attributes& a, const Attributes& b) {
  return a.mode == b.mode && a.nlink == b.nlink && a.size == b.size && a.mtime_ns == b.mtime_ns &&
         a.ctime_ns == b.ctime_ns;
}

// A kernel that holds everything: whatever differs between two walks must have been told to it.
class NewsTest : public ::testing::Test {
 protected:
  NewsTest()
      : tree_("damfs-fake-worker"),
        in_parts_({tree_.catalog(),
                   tree_.objects,
                   tree_.places,
                   tree_.stills,
                   tree_.clips,
                   tree_.members,
                   {},
                   nullptr,
                   /*changes_at_once=*/2}) {
    tree_.catalog().write([](Writer& writer) {
      for (const char* name : {"one.jpg", "two.jpg", "three.jpg"}) {
        const int64_t asset = file_bytes(writer, name, "a", name, photo(), std::string("/s/") + name).asset;
        writer.add_tag(asset, writer.ensure_group(Grouping::kTag, "first/second"));
        writer.add_to_album(asset, writer.ensure_group(Grouping::kAlbum, "Album"));
      }
      file_bytes(writer, "one.jpg", "b", "copy.jpg", photo(), "/s/copy.jpg");
      file_bytes(writer, "webp", "a", "late.jpg.webp", photo());
    });
  }

  void TearDown() override {
    for (const std::string& problem : tree_.problems()) ADD_FAILURE() << problem;
  }

  // Returns how many names and attributes differed.
  size_t expect_told(const std::function<void(Writer&)>& act) {
    const Walk before = walk_tree(tree_.tree);
    const int64_t since = tree_.tree.newest_change();
    EXPECT_TRUE(tree_.tree.news(since, [](NodeId) { return true; }).stale.empty());
    tree_.catalog().write(act);
    const std::vector<Stale> stale = told_by(tree_.tree, since);
    const std::vector<Stale> in_parts = told_by(in_parts_, since);
    const Walk after = walk_tree(tree_.tree);
    expect_covered(before, after, in_parts);
    const size_t differences = expect_covered(before, after, stale);
    // And not simply everything: most of the tree was left alone.
    const auto entries =
        std::count_if(stale.begin(), stale.end(), [](const Stale& each) { return each.what == Stale::What::kEntry; });
    EXPECT_LT(static_cast<size_t>(entries), after.size()) << "everything was reported";
    return differences;
  }

  static std::vector<Stale> told_by(const Tree& tree, int64_t since) {
    std::vector<Stale> stale;
    for (bool is_part = true; is_part;) {
      const Tree::News news = tree.news(since, [](NodeId) { return true; });
      EXPECT_FALSE(news.everything);
      stale.insert(stale.end(), news.stale.begin(), news.stale.end());
      is_part = news.is_part;
      since = news.newest;
    }
    EXPECT_EQ(since, tree.newest_change());
    return stale;
  }

  // Returns how many names and attributes differ.
  static size_t expect_covered(const Walk& before, const Walk& after, const std::vector<Stale>& told) {
    std::set<std::pair<uint64_t, std::string>> entries;
    std::set<uint64_t> attributes, listings;
    for (const Stale& stale : told) {
      if (stale.what == Stale::What::kEntry) entries.emplace(stale.node.value(), stale.name);
      if (stale.what == Stale::What::kListing) listings.insert(stale.node.value());
      if (stale.what != Stale::What::kEntry) attributes.insert(stale.node.value());
    }
    const auto id_of = [&](const std::string& path, const Walk& walk) -> uint64_t {
      if (path.empty()) return 1;
      const auto found = walk.find(path);
      return found == walk.end() ? 0 : found->second.node.value();
    };
    size_t differences = 0;
    const auto expect_entry_told = [&](const std::string& path) {
      ++differences;
      const std::string folder = parent_of(path);
      const uint64_t id = id_of(folder, before);
      if (id == 0 || id != id_of(folder, after)) return;  // nobody holds a folder that was not, or is gone
      const std::string name = path.substr(folder.empty() ? 0 : folder.size() + 1);
      EXPECT_TRUE(entries.contains({id, name})) << "a name nobody was told of: " << path;
      EXPECT_TRUE(listings.contains(id)) << "a listing nobody was told of: " << path;
    };
    for (const auto& [path, was] : before) {
      const auto is = after.find(path);
      if (is == after.end() || is->second.node != was.node) {
        expect_entry_told(path);
      } else if (!same(was, is->second) && was.is_cacheable) {  // else the kernel asks each time
        ++differences;
        EXPECT_TRUE(attributes.contains(was.node.value())) << "attributes nobody was told of: " << path;
      }
    }
    for (const auto& [path, is] : after) {
      if (!before.contains(path)) expect_entry_told(path);
    }
    return differences;
  }

  ScratchTree tree_;
  Tree in_parts_;  // the same, which reads the feed two changes at once
};

int64_t asset(ScratchTree& tree, const char* path) {
  return std::stoll(testing::at_path(tree.tree, path)->xattr("user.damfs.asset").value());
}

TEST_F(NewsTest, TagAdded) {
  const int64_t one = asset(tree_, "originals/a/one.jpg");
  EXPECT_GT(expect_told([&](Writer& writer) { writer.add_tag(one, writer.ensure_group(Grouping::kTag, "first")); }),
            0U);
  EXPECT_GT(
      expect_told([&](Writer& writer) { writer.add_tag(one, writer.ensure_group(Grouping::kTag, "brand/new/tag")); }),
      0U);
}

TEST_F(NewsTest, TagRemoved) {
  const int64_t one = asset(tree_, "originals/a/one.jpg");
  EXPECT_GT(expect_told([&](Writer& writer) {
              EXPECT_TRUE(writer.remove_tag(one, *writer.find_group(Grouping::kTag, "first/second")));
            }),
            0U);
}

TEST_F(NewsTest, AlbumAddedAndRemoved) {
  const int64_t one = asset(tree_, "originals/a/one.jpg");
  EXPECT_GT(expect_told([&](Writer& writer) {
              writer.add_to_album(one, writer.ensure_group(Grouping::kAlbum, "Other/Nested"));
            }),
            0U);
  EXPECT_GT(expect_told([&](Writer& writer) {
              EXPECT_TRUE(writer.remove_from_album(one, *writer.find_group(Grouping::kAlbum, "album")));
            }),
            0U);
}

TEST_F(NewsTest, NewAssetInNewAndOldFolders) {
  MediaFacts facts = photo("1999-12-31");
  facts.make = "Canon";
  facts.model = "Canon EOS 40D";
  facts.rating = 3;
  facts.tags = {"first/third"};
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "new", "new/folder", "new.jpg", facts); }), 10U);
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "old", "a", "old.jpg", photo()); }), 4U);
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "day", "a", "day.jpg", photo("2024-05-18")); }), 4U);
}

TEST_F(NewsTest, SecondName) {
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "two.jpg", "b", "again.jpg", photo()); }), 0U);
}

TEST_F(NewsTest, NewVersionOnAnotherDayByAnotherCamera) {
  MediaFacts facts = photo("2020-02-02");
  facts.make = "Apple";
  facts.model = "iPhone";
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "edited", "a", "two.jpg", facts, "/s/two.jpg"); }),
            10U);
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "again", "a", "two.jpg", photo(), "/s/two.jpg"); }),
            10U);
}

TEST_F(NewsTest, AnIndependentCopy) {
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "edited", "b", "copy.jpg", photo(), "/s/copy.jpg"); }),
            5U);
}

// late.jpg.webp was shown by its own name until late.jpg came.
TEST_F(NewsTest, ASiblingThatChangesANamesPreview) {
  EXPECT_GT(expect_told([&](Writer& writer) { file_bytes(writer, "late", "a", "late.jpg", photo()); }), 0U);
}

TEST_F(NewsTest, AFolderThatTakesAnAssetsName) {
  EXPECT_GT(expect_told([&](Writer& writer) { writer.ensure_group(Grouping::kTag, "first/second/one.jpg"); }), 0U);
  EXPECT_GT(expect_told([&](Writer& writer) { writer.ensure_group(Grouping::kAlbum, "Album/two.jpg.webp"); }), 0U);
}

TEST_F(NewsTest, RecentMovesOn) {
  EXPECT_GT(expect_told([&](Writer& writer) {
              for (int i = 0; i < 498; ++i)
                file_bytes(writer, std::to_string(i), "many", std::to_string(i) + ".jpg", photo());
            }),
            500U);
}

TEST_F(NewsTest, OnlyKnownDirectoriesAreReported) {
  const NodeId tag = testing::at_path(tree_.tree, "by-tag/first")->id();
  const int64_t since = tree_.tree.newest_change();
  tree_.file("new", "a", "new.jpg");
  for (const Stale& stale : tree_.tree.news(since, [&](NodeId id) { return id == tag; }).stale) {
    EXPECT_TRUE(stale.what == Stale::What::kAttributes) << stale.name;
  }
}

TEST_F(NewsTest, WhoSleptTooLongDropsEverything) {
  const int64_t since = tree_.tree.newest_change();
  tree_.file("new", "a", "new.jpg");
  db::Database(tree_.catalog().file(), db::Database::Mode::kReadWrite).execute("UPDATE change SET at_ns = 0");
  tree_.file("newer", "a", "newer.jpg");
  EXPECT_TRUE(tree_.tree.news(since, [](NodeId) { return true; }).everything);
}

// Scenario: a write that changed nothing emptied the feed, and a mount that had slept believed that nothing was new.
TEST_F(NewsTest, AnEmptyWriteLosesNoNews) {
  const int64_t since = tree_.tree.newest_change();
  tree_.file("new", "a", "new.jpg");
  db::Database(tree_.catalog().file(), db::Database::Mode::kReadWrite).execute("UPDATE change SET at_ns = 0");
  tree_.catalog().write([](Writer&) {});
  const Tree::News news = tree_.tree.news(since, [](NodeId) { return true; });
  EXPECT_TRUE(news.everything || !news.stale.empty());
}

}  // namespace
}  // namespace damfs
