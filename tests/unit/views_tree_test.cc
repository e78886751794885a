// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <random>

#include "catalog/base/names.h"
#include "tests/support/library.h"
#include "views/trash/desktop_trash.h"
#include "views/versions/versions_view.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::file_bytes;
using testing::list_all;
using testing::Listed;
using testing::photo;
using testing::plain_file;
using testing::ScratchTree;
using testing::walk_tree;

const std::string kNfc = "Caf\xC3\xA9.jpg";
const std::string kNfd = "Cafe\xCC\x81.jpg";

void expect_same(const Attributes& a, const Attributes& b, const std::string& what) {
  EXPECT_EQ(a.node, b.node) << what;
  EXPECT_EQ(a.mode, b.mode) << what;
  EXPECT_EQ(a.nlink, b.nlink) << what;
  EXPECT_EQ(a.size, b.size) << what;
  EXPECT_EQ(a.mtime_ns, b.mtime_ns) << what;
  EXPECT_EQ(a.ctime_ns, b.ctime_ns) << what;
}

// A library with everything that makes names hard.
class TreeTest : public ::testing::Test {
 protected:
  TreeTest() : tree_("damfs-fake-worker", {{"version", 4096, [] { return std::string("1\n"); }}}) {
    tree_.catalog().write([](Writer& writer) {
      int made = 0;
      const auto add = [&](const std::string& folder, const std::string& name, const MediaFacts& facts) {
        return file_bytes(writer, "bytes " + std::to_string(++made), folder, name, facts).asset;
      };
      for (const char* name : {"a.jpg", "a.jpg.webp", "a.jpg.webp.webp", "b.webp", "c.webp.webp", "d"})
        add("clash", name, photo());
      add("clash", "a.jpg.txt", plain_file());
      add("clash", "e.jpg", plain_file());  // no still: does not take a name through the lens
      add("clash", "e.jpg.webp", photo());
      add("spelling", kNfc, photo("2023-01-02"));
      add("spelling", kNfd, photo("2023-01-02"));
      add("spelling/" + kNfd, "inside.jpg", photo());
      add("long", std::string(251, 'x') + ".jpg", photo());
      add("long", std::string(250, 'x') + ".webp", photo());
      add("long", std::string(246, 'x') + ".jpg", photo());
      add("long", std::string(247, 'x') + ".jpg", photo());
      add("long", std::string(125, '\xC3') + std::string(130, '\xA4'), photo());
      std::string umlauts;
      for (int i = 0; i < 127; ++i) umlauts += "\xC3\xA4";
      add("long", umlauts + "x", photo());
      add("odd", "latin1 \xE9.jpg", photo());
      add("odd", "new\nline.jpg", photo());
      add("odd", "con.jpg", photo());
      const int64_t tagged = add("", "top.jpg", photo("2024-12-31"));
      MediaFacts full = photo("2022-02-03");
      full.make = "Canon";
      full.model = "Canon EOS 40D";
      full.rating = 5;
      full.tags = {"places/italy/rome", "places"};
      const int64_t rated = add("deep/er/still", "full.jpg", full);
      file_bytes(writer, "bytes " + std::to_string(made), "deep", "again.jpg", full);
      for (const int64_t asset : {tagged, rated}) {
        writer.add_to_album(asset, writer.ensure_group(Grouping::kAlbum, "Trips/2024"));
        writer.add_tag(asset, writer.ensure_group(Grouping::kTag, "places/italy"));
      }
      MediaFacts tiny = photo();
      tiny.still = tiny.raster = Raster{1, 1};
      add("sizes", "tiny.jpg", tiny);
      tiny.still = tiny.raster = Raster{100'000, 1};
      add("sizes", "line.jpg", tiny);
      tiny.still = tiny.raster = Raster{800, 800};
      add("sizes", "square.jpg", tiny);
    });
  }
  ScratchTree tree_;
};

void expect_listing_is_lookups(const Tree& tree, const Node& directory, const std::string& path) {
  const auto entries = list_all(directory);
  std::set<std::string> names;
  Cursor last = 0;
  for (const Listed& entry : entries) {
    const std::string where = path + "/" + printable(entry.name);
    EXPECT_NO_THROW(EntryName(entry.name)) << where;
    EXPECT_TRUE(names.insert(entry.name).second) << "twice: " << where;
    EXPECT_GT(entry.next, last) << where;
    last = entry.next;
    const NodeRef found = directory.lookup(EntryName(entry.name));
    ASSERT_TRUE(found) << where;
    expect_same(*found->attributes(), entry.attributes, "lookup of " + where);
    const NodeRef by_number = tree.node(entry.attributes.node);
    ASSERT_TRUE(by_number) << where;
    expect_same(*by_number->attributes(), entry.attributes, "node of " + where);
    EXPECT_EQ(by_number->id(), entry.attributes.node);
    if (!entry.attributes.node.is_directory()) continue;
    EXPECT_EQ(found->parent(), directory.id()) << where;
    EXPECT_EQ(by_number->parent(), directory.id()) << where;
    expect_listing_is_lookups(tree, *found, where);
  }
}

TEST_F(TreeTest, EveryListingIsItsLookups) { expect_listing_is_lookups(tree_.tree, *tree_.tree.root(), ""); }

TEST_F(TreeTest, AListingResumesFromEveryCursor) {
  size_t compared = 0;
  for (const auto& [path, attributes] : walk_tree(tree_.tree)) {
    if (!attributes.node.is_directory()) continue;
    const NodeRef node = tree_.tree.node(attributes.node);
    const auto whole = list_all(*node);
    for (const size_t page : {size_t{1}, size_t{2}}) {
      const auto paged = list_all(*node, page);
      ASSERT_EQ(paged.size(), whole.size()) << path;
      for (size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(paged[i].name, whole[i].name) << path;
    }
    for (size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(list_all(*node, SIZE_MAX, whole[i].next).size(), whole.size() - i - 1) << path;
      ++compared;
    }
  }
  EXPECT_GT(compared, 200U);
}

TEST_F(TreeTest, LinksAreCountedHonestly) {
  const auto found = walk_tree(tree_.tree);
  std::map<uint64_t, std::pair<uint32_t, std::string>> names;
  for (const auto& [path, attributes] : found) {
    if (attributes.node.is_directory()) {
      EXPECT_EQ(attributes.nlink, 1U) << path;
    } else {
      auto& [count, one] = names[attributes.node.value()];
      ++count;
      one = path;
    }
  }
  size_t many = 0;
  for (const auto& [node, counted] : names) {
    EXPECT_EQ(tree_.tree.node(NodeId(node))->attributes()->nlink, counted.first) << printable(counted.second);
    many += counted.first > 7 ? 1 : 0;
  }
  EXPECT_GE(many, 1U);
}

TEST_F(TreeTest, PreviewSizesKeepToTheirBudget) {
  size_t seen = 0;
  for (const auto& [path, attributes] : walk_tree(tree_.tree)) {
    if (!path.starts_with("previews/") || attributes.node.is_directory()) continue;
    const StillProfile* profile = tree_.stills.profiles().find(attributes.node.profile());
    ASSERT_NE(profile, nullptr);
    EXPECT_TRUE(path.starts_with("previews/" + std::string(profile->name))) << path;
    EXPECT_EQ(attributes.size % 4096, 0U) << path;
    EXPECT_GT(attributes.size, 0U) << path;
    EXPECT_LE(attributes.size, static_cast<uint64_t>(profile->budget)) << path;
    EXPECT_GE(attributes.mtime_ns, kStillEpochNs);
    ++seen;
  }
  EXPECT_GT(seen, 200U);
}

TEST_F(TreeTest, WebpNamesNeverClash) {
  const auto source_of = [&](const std::string& shown) -> std::string {
    const NodeRef node = at_path(tree_.tree, "previews/small/originals/clash/" + shown);
    return node ? node->xattr("user.damfs.label").value() : "";
  };
  EXPECT_EQ(source_of("a.jpg.webp"), "a.jpg");
  EXPECT_EQ(source_of("a.jpg.webp.webp"), "a.jpg.webp");
  EXPECT_EQ(source_of("a.jpg.webp.webp.webp"), "a.jpg.webp.webp");
  EXPECT_EQ(source_of("b.webp"), "b.webp");
  EXPECT_EQ(source_of("b.webp.webp"), "");
  EXPECT_EQ(source_of("c.webp.webp"), "c.webp.webp");
  EXPECT_EQ(source_of("d.webp"), "d");
  EXPECT_EQ(source_of("e.jpg.webp"), "e.jpg.webp");
  EXPECT_EQ(source_of("a.jpg"), "");
  EXPECT_EQ(source_of("a.jpg.txt.webp"), "");
}

TEST_F(TreeTest, BothSpellingsAreFound) {
  const auto id = [&](const std::string& path) {
    const NodeRef node = at_path(tree_.tree, path);
    return node ? node->id().value() : 0;
  };
  const uint64_t nfc_file = id("by-date/2023/2023-01-02/" + kNfc);
  EXPECT_NE(nfc_file, 0U);
  EXPECT_EQ(id("by-date/2023/2023-01-02/" + kNfd), nfc_file);
  EXPECT_EQ(id("originals/spelling/" + kNfc), nfc_file);
  EXPECT_NE(id("originals/spelling/" + kNfd), nfc_file) << "in originals/ they are two";
  EXPECT_EQ(id("originals/spelling/Caf\xC3\x89.jpg"), 0U);
  EXPECT_NE(id("previews/small/by-date/2023/2023-01-02/" + kNfd + ".webp"), 0U);
}

// Scenario: an album and a picture in the folder around it had one name, and the picture could not be reached.
TEST_F(TreeTest, AFolderAndAFileNeverShareAName) {
  tree_.catalog().write([](Writer& writer) {
    const int64_t asset = file_bytes(writer, "same", "x", "rome", photo()).asset;
    writer.add_tag(asset, writer.ensure_group(Grouping::kTag, "places/italy"));
    writer.add_to_album(asset, writer.ensure_group(Grouping::kAlbum, "Trips"));
    writer.ensure_group(Grouping::kAlbum, "Trips/rome");
    writer.ensure_group(Grouping::kAlbum, "Trips/rome.webp");
    const int64_t jpg = file_bytes(writer, "other", "x", "b.jpg", photo()).asset;
    writer.add_to_album(jpg, writer.ensure_group(Grouping::kAlbum, "Trips"));
    writer.ensure_group(Grouping::kAlbum, "Trips/b.jpg.webp");
  });
  expect_listing_is_lookups(tree_.tree, *tree_.tree.root(), "");
  EXPECT_TRUE(at_path(tree_.tree, "by-tag/places/italy/rome")->id().is_directory());
  EXPECT_TRUE(at_path(tree_.tree, "albums/Trips/rome")->id().is_directory());
  EXPECT_EQ(list_all(*at_path(tree_.tree, "albums/Trips")).size(), 6U);
}

TEST_F(TreeTest, ANumberNobodyGaveOutIsNobody) {
  std::set<uint64_t> known = {1};
  for (const auto& [path, attributes] : walk_tree(tree_.tree)) known.insert(attributes.node.value());
  const auto expect_sound = [&](uint64_t value) {
    const NodeRef node = tree_.tree.node(NodeId(value));
    if (!node) return;
    EXPECT_EQ(node->id().value(), value);
    // What a catalog still holds of old is there; no directory is that no listing shows, but for the trash of a
    // uid and the versions of what has but one.
    const bool is_unlisted = DesktopTrash::folder_of(NodeId(value)) || NodeId(value).view() == ViewCode::kVersions;
    if (NodeId(value).is_directory() && !is_unlisted) {
      EXPECT_TRUE(known.contains(value)) << value;
    }
  };
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) expect_sound(random() >> (i % 60));
  for (uint64_t value = 0; value < 20'000; ++value) expect_sound(value);
  for (const uint64_t value : {UINT64_MAX, UINT64_MAX - 1, uint64_t{1} << 63, (uint64_t{1} << 63) + 1})
    expect_sound(value);
  EXPECT_FALSE(tree_.tree.node(NodeId(0)));
}

TEST_F(TreeTest, AnOldVersionIsStillThereByItsNumber) {
  const FiledAs first = tree_.file("before", "v", "v.jpg", photo(), "/s/v.jpg");
  const NodeId old = at_path(tree_.tree, "originals/v/v.jpg")->id();
  tree_.file("afterwards", "v", "v.jpg", photo(), "/s/v.jpg");
  const NodeRef now = at_path(tree_.tree, "originals/v/v.jpg");
  EXPECT_NE(now->id(), old);
  EXPECT_EQ(now->attributes()->size, 10U);
  const NodeRef before = tree_.tree.node(old);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->attributes()->size, 6U);
  EXPECT_EQ(before->attributes()->nlink, 1U);
  (void)first;
}

TEST_F(TreeTest, ADirectoryIsNoFileAndAFileNoDirectory) {
  const auto code = [](const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  };
  const NodeRef file = at_path(tree_.tree, "originals/top.jpg");
  const NodeRef folder = at_path(tree_.tree, "originals/clash");
  EXPECT_EQ(code([&] { file->lookup(EntryName("x")); }), ENOTDIR);
  EXPECT_EQ(code([&] { list_all(*file); }), ENOTDIR);
  EXPECT_EQ(code([&] { folder->open({}); }), EISDIR);
  EXPECT_EQ(code([&] { file->open({}); }), EIO) << "the object of a synthetic asset is missing";
}

}  // namespace
}  // namespace damfs
