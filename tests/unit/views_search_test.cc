// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>

#include <random>

#include "tests/support/library.h"
#include "tests/support/moved_clock.h"
#include "views/search/query_folders.h"
#include "views/search/query_members.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::file_bytes;
using testing::list_all;
using testing::Listed;
using testing::photo;
using testing::ScratchTree;

MediaFacts tagged(const std::vector<std::string>& tags, std::string_view day = "2024-05-17") {
  MediaFacts facts = photo(day);
  facts.tags = tags;
  return facts;
}

class SearchFoldersTest : public ::testing::Test {
 protected:
  SearchFoldersTest() : tree_("damfs-fake-worker") {
    tree_.catalog().write([](Writer& writer) {
      MediaFacts both = tagged({"beach", "anna", "places/italy/rome"});
      both.rating = 5;
      both.make = "Canon";
      both.model = "Canon EOS 40D";
      file_bytes(writer, "1", "2024/rome", "both.jpg", both);
      file_bytes(writer, "2", "2024/rome", "beach.jpg", tagged({"beach"}, "2024-05-18"));
      file_bytes(writer, "3", "2024", "anna.jpg", tagged({"people/anna", "anna"}, "2023-01-02"));
      MediaFacts clip = tagged({"beach/north", "places/italy"});
      clip.kind = Kind::kVideo;
      const int64_t movie = file_bytes(writer, "4", "clips", "C0001.MP4", clip).asset;
      writer.add_to_album(movie, writer.ensure_group(Grouping::kAlbum, "Trips/2024"));
      file_bytes(writer, "5", "", std::string(251, 'x') + ".jpg", tagged({"long"}));
    });
  }

  void TearDown() override {
    for (const std::string& problem : tree_.problems()) ADD_FAILURE() << problem;
  }

  // The names that a folder lists, each of which must be found in it as it is listed; "-" when there is no such folder.
  std::string names(const std::string& path) {
    const NodeRef folder = at_path(tree_.tree, path);
    if (!folder) return "-";
    EXPECT_TRUE(folder->id().is_directory()) << path;
    std::string all;
    for (const Listed& entry : list_all(*folder)) {
      all += (all.empty() ? "" : " ") + entry.name;
      const NodeRef found = folder->lookup(EntryName(entry.name));
      EXPECT_TRUE(found && found->id() == entry.attributes.node) << path << "/" << entry.name;
    }
    return all;
  }
  std::string last_error() {
    const NodeRef node = at_path(tree_.tree, ".damfs/last-error");
    std::string text;
    struct Answer final : ReadAnswer {
      explicit Answer(std::string& into) : into_(into) {}
      void bytes(std::span<const std::byte> data) override {
        into_.assign(reinterpret_cast<const char*>(data.data()), data.size());
      }
      void slice(int, uint64_t, size_t) override {}
      void fail(int) override {}
      std::string& into_;
    };
    node->open({})->read(0, 4096, std::make_shared<Answer>(text));
    EXPECT_EQ(text.size(), node->attributes()->size);
    return text.substr(0, text.find('\n'));
  }
  NodeId id(const std::string& path) {
    const NodeRef node = at_path(tree_.tree, path);
    return node ? node->id() : NodeId();
  }

  ScratchTree tree_;
};

TEST_F(SearchFoldersTest, AQueryIsAFolder) {
  EXPECT_EQ(names("search"), "");
  EXPECT_EQ(names("search/beach"), "both.jpg beach.jpg C0001.MP4");
  EXPECT_EQ(names("search/beach type:image"), "both.jpg beach.jpg");
  EXPECT_EQ(names("search/rating:>=4 camera:canon -tag:nothing"), "both.jpg");
  EXPECT_EQ(names("search/nowhere"), "");
  EXPECT_EQ(names("search/date:2023"), "anna.jpg");
  EXPECT_EQ(names("search/beach/anna.jpg"), "-") << "it is not in there";
  EXPECT_EQ(id("search/beach/both.jpg"), id("originals/2024/rome/both.jpg"));
  EXPECT_EQ(at_path(tree_.tree, "search/beach")->parent(), id("search"));
  EXPECT_FALSE(at_path(tree_.tree, "search")->may_cache_absence());
  EXPECT_TRUE(at_path(tree_.tree, "by-tag")->may_cache_absence());
}

TEST_F(SearchFoldersTest, TheNumberOfAFolderIsItsPathsAlone) {
  const NodeId beach = id("search/beach");
  EXPECT_EQ(beach.key(), QueryFolders::key_of("search/beach"));
  EXPECT_LT(beach.key(), int64_t{1} << 50);
  EXPECT_EQ(tree_.tree.node(beach)->attributes()->node, beach);
  EXPECT_NE(id("search/beach "), beach);
  EXPECT_NE(id("previews/small/search/beach"), beach);
  // Of another life: nobody knows what it was before somebody asks for it by name.
  const NodeId unknown = NodeId::directory(beach.view(), 0, QueryFolders::key_of("search/other"));
  EXPECT_FALSE(tree_.tree.node(unknown));
  EXPECT_EQ(id("search/other"), unknown);
  EXPECT_TRUE(tree_.tree.node(unknown));
}

TEST_F(SearchFoldersTest, EveryLensShowsThem) {
  EXPECT_EQ(names("previews/small/search/beach type:image"), "both.jpg.webp beach.jpg.webp");
  EXPECT_EQ(names("previews/small/by-tag/beach/+/anna"), "both.jpg.webp");
  EXPECT_NE(id("previews/small/search/tag:beach/folder.webp"), NodeId());
  EXPECT_EQ(id("previews/small/search/nothing/folder.webp"), NodeId());
  const NodeId collage = id("previews/small/search/tag:beach/folder.webp");
  EXPECT_EQ(tree_.tree.node(collage)->id(), collage);
  const auto cut = list_all(*at_path(tree_.tree, "previews/small/search/tag:long"));
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_NE(cut[0].name.find("~asset5"), std::string::npos);
  EXPECT_EQ(names("previews/small/search/tag:long"), cut[0].name);
  EXPECT_EQ(at_path(tree_.tree, "previews/small/search/x")->parent(), id("previews/small/search"));
}

TEST_F(SearchFoldersTest, TagsMeet) {
  EXPECT_EQ(names("by-tag/beach"), "north both.jpg beach.jpg");
  EXPECT_EQ(names("by-tag/beach/+"), "");
  EXPECT_EQ(names("by-tag/beach/+/anna"), "both.jpg");
  EXPECT_EQ(names("by-tag/anna/+/beach"), "both.jpg");
  EXPECT_EQ(names("by-tag/beach/+/places"), "both.jpg C0001.MP4") << "sub-tags count on both sides";
  EXPECT_EQ(names("by-tag/beach/+/places/italy/rome"), "both.jpg");
  EXPECT_EQ(names("by-tag/beach/+/places/nowhere"), "-");
  EXPECT_EQ(names("by-tag/beach/+/places/italy/+/anna"), "both.jpg");
  EXPECT_EQ(names("by-tag/beach/+/type:video"), "C0001.MP4");
  EXPECT_EQ(names("by-tag/beach/+/-tag:anna"), "beach.jpg C0001.MP4");
  EXPECT_EQ(names("by-tag/beach/+/nobody"), "-");
  EXPECT_NE(last_error().find("no tag"), std::string::npos) << last_error();
  EXPECT_EQ(names("by-tag/beach/+/people/anna"), "");
  EXPECT_EQ(at_path(tree_.tree, "by-tag/beach/+")->parent(), id("by-tag/beach"));
  EXPECT_EQ(at_path(tree_.tree, "by-tag/beach/+/anna")->parent(), id("by-tag/beach/+"));
  EXPECT_EQ(names("by-tag/+"), "-");
  tree_.catalog().write([](Writer& writer) { writer.ensure_group(Grouping::kTag, "beach/+/own"); });
  EXPECT_EQ(names("by-tag/beach/+"), "own") << "a tag that is really called so";
}

TEST_F(SearchFoldersTest, FacetsNest) {
  EXPECT_EQ(names("by-type/video/+/tag:beach"), "C0001.MP4");
  EXPECT_EQ(names("by-type/image/+/beach/+/rating:5/+/ext:jpg"), "both.jpg");
  EXPECT_EQ(names("by-camera/Canon EOS 40D/+/beach"), "both.jpg");
  EXPECT_EQ(names("by-rating/5/+/type:image"), "both.jpg");
  EXPECT_EQ(names("by-date/2024/+/type:image -tag:long"), "both.jpg beach.jpg");
  EXPECT_EQ(names("by-date/2024/2024-05-18/+/beach"), "beach.jpg");
  EXPECT_EQ(names("albums/Trips/+/type:video"), "C0001.MP4") << "what is in the albums below it";
  EXPECT_EQ(names("recent/+/date:2023"), "anna.jpg");
  EXPECT_EQ(names("search/beach/+/rating:5"), "both.jpg");
  EXPECT_EQ(names("search/tag:places/italy"), "both.jpg C0001.MP4");
  EXPECT_EQ(names("search/path:2024/rome"), "both.jpg beach.jpg");
  EXPECT_EQ(names("search/beach/rome"), "-");
  for (const char* none : {"originals/+", "by-type/+", "search/+", "search/beach/+/+", "by-date/+", "+"}) {
    EXPECT_EQ(names(none), "-") << none;
  }
}

TEST_F(SearchFoldersTest, AMalformedQuerySaysWhy) {
  EXPECT_EQ(last_error().find_first_not_of(' '), std::string::npos);
  for (const auto& [query, reason] :
       std::initializer_list<std::pair<const char*, const char*>>{{"tag:", "needs a value"},
                                                                  {"colour:red", "there is no 'colour:'"},
                                                                  {"rating:9", "wants 0 to 5"},
                                                                  {"date:soon", "wants 2024"},
                                                                  {" ", "no word"},
                                                                  {"\xFF\xFE", "not UTF-8"},
                                                                  {"a\nb size:x", "wants a number"}}) {
    EXPECT_EQ(id(fmt::format("search/{}", query)), NodeId()) << query;
    EXPECT_NE(last_error().find(reason), std::string::npos) << last_error();
    EXPECT_EQ(last_error().substr(0, 2), "20");
  }
  EXPECT_EQ(id("by-type/video/+/rating:x"), NodeId());
  EXPECT_NE(last_error().find("by-type"), std::string::npos) << last_error();
}

TEST_F(SearchFoldersTest, NoNameBreaksAnything) {
  for (const char* probe : {".hidden", ".Trash-1000", ".git", "desktop.ini", "Thumbs.db", ".directory", "._beach"}) {
    EXPECT_EQ(id(fmt::format("search/{}", probe)), NodeId()) << probe;
  }
  EXPECT_EQ(last_error().find_first_not_of(' '), std::string::npos) << "a probe is nobody's mistake";
  std::mt19937 random(7);
  const std::string letters = "a:\"-+~*.()/\xFF\xC3\xA9 \\%'tag";
  for (const char* top : {"search", "by-tag/beach/+", "by-type/image/+", "previews/small/search"}) {
    const NodeRef folder = at_path(tree_.tree, top);
    for (int i = 0; i < 3000; ++i) {
      std::string name;
      const size_t length = random() % 255 + 1;
      for (size_t at = 0; at < length; ++at) {
        char c = i % 2 == 0 ? letters[random() % letters.size()] : static_cast<char>(random());
        if (c == '/' || c == '\0') c = ' ';
        name += c;
      }
      if (name == "." || name == "..") continue;
      const NodeRef found = folder->lookup(EntryName(name));
      if (found && i % 16 == 0) list_all(*found);
    }
  }
  std::string deep = "search/x";
  for (int i = 0; i < 63; ++i) deep += "/+/x";
  EXPECT_EQ(names(deep), std::string(251, 'x') + ".jpg");
  EXPECT_EQ(names(deep + "/+/x"), "-");
  EXPECT_NE(last_error().find("at most 64"), std::string::npos) << last_error();
}

TEST_F(SearchFoldersTest, AListingGoesOnThroughChanges) {
  tree_.catalog().write([](Writer& writer) {
    for (int i = 0; i < 1500; ++i) {
      file_bytes(writer, fmt::format("m{}", i), "many", fmt::format("m{:04}.jpg", i), tagged({"crowd"}));
    }
  });
  const NodeRef folder = at_path(tree_.tree, "search/tag:crowd");
  const auto whole = list_all(*folder);
  ASSERT_EQ(whole.size(), 1500U);
  EXPECT_EQ(list_all(*folder, 7).size(), 1500U);
  for (const size_t at : {size_t{0}, size_t{511}, size_t{512}, size_t{1498}, size_t{1499}}) {
    EXPECT_EQ(list_all(*folder, SIZE_MAX, whole[at].next).size(), whole.size() - at - 1);
  }
  // One that was given already, and one still to come, lose their tag; a new one comes.
  const auto asset = [&](size_t at) {
    return std::stoll(*at_path(tree_.tree, "originals/many/" + whole[at].name)->xattr("user.damfs.asset"));
  };
  const int64_t gone = asset(10), going = asset(1400);
  tree_.catalog().write([&](Writer& writer) {
    const int64_t crowd = *writer.find_group(Grouping::kTag, "crowd");
    writer.remove_tag(gone, crowd);
    writer.remove_tag(going, crowd);
    file_bytes(writer, "late", "many", "late.jpg", tagged({"crowd"}));
  });
  EXPECT_EQ(list_all(*folder).size(), 1499U);
  EXPECT_EQ(list_all(*folder, 100).size(), 1499U);
  test::MovedClock clock;
  clock.forward(std::chrono::milliseconds(200));  // what was found before the change is no good any more
  const auto rest = list_all(*folder, 9, whole[700].next);
  EXPECT_EQ(rest.size(), 1500U - 701 - 1 + 1);
  EXPECT_EQ(rest.back().name, "late.jpg");
}

TEST_F(SearchFoldersTest, NewsReachThem) {
  const std::string path = "search/tag:beach";
  const NodeId plain = id(path), small = id("previews/small/" + path), joined = id("by-tag/beach/+/anna");
  const NodeId join = id("by-tag/beach/+");
  const NodeRef held[] = {tree_.tree.node(plain), tree_.tree.node(small), tree_.tree.node(joined)};
  const int64_t before_ns = held[0]->attributes()->mtime_ns;
  EXPECT_EQ(held[0]->attributes()->mtime_ns, before_ns);
  const int64_t since = tree_.tree.newest_change();
  const int64_t beach = std::stoll(*at_path(tree_.tree, "search/tag:beach/beach.jpg")->xattr("user.damfs.asset"));
  tree_.catalog().write([&](Writer& writer) { writer.remove_tag(beach, *writer.find_group(Grouping::kTag, "beach")); });
  EXPECT_EQ(names(path), "both.jpg C0001.MP4");
  EXPECT_GT(held[0]->attributes()->mtime_ns, before_ns);

  const auto told = [&](const std::function<bool(NodeId)>& is_known) {
    std::set<std::string> all;
    for (const Stale& stale : tree_.tree.news(since, is_known).stale) {
      const char* what = stale.what == Stale::What::kEntry     ? "entry"
                         : stale.what == Stale::What::kListing ? "listing"
                                                               : "attributes";
      all.insert(fmt::format("{} {} {}", what, stale.node.value(), stale.name));
    }
    return all;
  };
  const auto all = told([](NodeId) { return true; });
  for (const NodeId each : {plain, small, joined}) {
    EXPECT_TRUE(all.contains(fmt::format("listing {} ", each.value())));
    EXPECT_TRUE(all.contains(fmt::format("entry {} {}", each.value(), each == small ? "beach.jpg.webp" : "beach.jpg")));
  }
  EXPECT_TRUE(all.contains(fmt::format("entry {} folder.webp", small.value())));
  EXPECT_FALSE(all.contains(fmt::format("listing {} ", join.value()))) << "nothing in it can change";
  const auto one = told([&](NodeId each) { return each == plain; });
  EXPECT_TRUE(one.contains(fmt::format("listing {} ", plain.value())));
  EXPECT_FALSE(one.contains(fmt::format("listing {} ", joined.value())));
}

TEST_F(SearchFoldersTest, ADeletedTagsFolderIsForgotten) {
  const NodeId join = id("by-tag/beach/+");
  const NodeRef held = at_path(tree_.tree, "by-tag/beach/+/anna");
  const int64_t since = tree_.tree.newest_change();
  tree_.catalog().write(
      [](Writer& writer) { writer.delete_group(Grouping::kTag, *writer.find_group(Grouping::kTag, "anna")); });
  bool told = false;
  for (const Stale& stale : tree_.tree.news(since, [](NodeId) { return true; }).stale) {
    told |= stale.what == Stale::What::kEntry && stale.node == join && stale.name == "anna";
  }
  EXPECT_TRUE(told);
  EXPECT_EQ(names("by-tag/beach/+/anna"), "-");
  EXPECT_TRUE(list_all(*held).empty());
}

// Scenario: after an import of thousands the news named each of them in each search, and a mount fell behind.
TEST_F(SearchFoldersTest, AnImportOfThousandsIsToldInOne) {
  std::vector<NodeRef> held;
  for (int i = 0; i < 100; ++i) held.push_back(at_path(tree_.tree, fmt::format("search/q{}", i)));
  const int64_t since = tree_.tree.newest_change();
  tree_.catalog().write([](Writer& writer) {
    for (int i = 0; i < 1400; ++i)
      file_bytes(writer, fmt::format("b{}", i), "bulk", fmt::format("b{}.jpg", i), photo());
  });
  const auto search = id("search");
  const auto is_known = [&](NodeId each) {
    return each == search ||
           std::any_of(held.begin(), held.end(), [&](const NodeRef& node) { return node->id() == each; });
  };
  std::set<std::string> forgotten;
  size_t named = 0;
  for (const Stale& stale : tree_.tree.news(since, is_known).stale) {
    if (stale.what != Stale::What::kEntry) continue;
    if (stale.node == search) forgotten.insert(stale.name);
    ++named;
  }
  EXPECT_EQ(forgotten.size(), 100U);
  EXPECT_LT(named, 200U);
}

QueryFolder named(const std::string& path) {
  QueryFolder folder;
  folder.path = folder.name = path;
  return folder;
}

TEST(QueryFolders, KeepsTheLastAndWhatIsHeld) {
  QueryFolders folders(10);
  const auto held = folders.intern(named("held"));
  for (int i = 0; i < 100'000; ++i) folders.intern(named(fmt::format("q{}", i)));
  EXPECT_EQ(folders.find(held->key), held);
  EXPECT_EQ(folders.intern(named("held")), held);
  EXPECT_TRUE(folders.find(QueryFolders::key_of("q99999")));
  EXPECT_EQ(folders.take_given_up().size(), 160U);
  EXPECT_TRUE(folders.take_given_up().empty());
  EXPECT_FALSE(folders.find(QueryFolders::key_of("q5")));
  EXPECT_EQ(folders.all().size(), 10U);
}

// What a kernel is told to forget it forgets, and then nothing is left of it.
TEST_F(SearchFoldersTest, MillionsOfNamesAreNotKept) {
  const NodeRef search = at_path(tree_.tree, "search");
  for (int i = 0; i < 5000; ++i) search->lookup(EntryName(fmt::format("q{}", i)));
  const auto news = tree_.tree.news(tree_.tree.newest_change(), [](NodeId each) { return each.lens() == 0; });
  EXPECT_EQ(news.stale.size(), 5000U - 4096U);
  EXPECT_EQ(news.stale.front().node, search->id());
  EXPECT_EQ(news.stale.front().name, "q0");
  EXPECT_FALSE(tree_.tree.node(NodeId::directory(search->id().view(), 0, QueryFolders::key_of("search/q0"))));
}

}  // namespace
}  // namespace damfs
