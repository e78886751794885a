// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catalog/model/packs.h"
#include "tests/support/library.h"

namespace damfs::testing {
namespace {

PackMember file(std::string path, int64_t size = 1) {
  PackMember member;
  member.path = std::move(path);
  member.size = member.stored_size = size;
  return member;
}

PackMember folder(std::string path) {
  PackMember member = file(std::move(path), 0);
  member.type = PackMember::Type::kFolder;
  return member;
}

// Paths as they are shown, and how many of them have a note.
std::map<std::string, bool> shown(const Pack& members) {
  std::map<int64_t, std::string> paths{{kPackTop, ""}};
  std::map<std::string, bool> found;
  for (const PackNode& node : pack_tree(members)) {
    const std::string& above = paths.at(node.parent);
    paths[node.number] = above.empty() ? node.name : above + "/" + node.name;
    EXPECT_TRUE(found.emplace(paths[node.number], !node.note.empty()).second) << paths[node.number];
  }
  return found;
}

TEST(PackTree, ImpliesFoldersAndKeepsThoseThatHaveAnEntry) {
  const Pack members = {file("a/b/c.png"), folder("a/"), file("a/d.png")};
  EXPECT_EQ(shown(members),
            (std::map<std::string, bool>{{"a", false}, {"a/b", false}, {"a/b/c.png", false}, {"a/d.png", false}}));
  // The folder that has an entry is that one, wherever it stands.
  for (const PackNode& node : pack_tree(members)) {
    if (node.name == "a") {
      EXPECT_EQ(node.number, 1);
    }
  }
}

TEST(PackTree, LeavesOutNothingThatLiesDeep) {
  const auto repeated = [](std::string_view part, int times) {
    std::string path;
    for (int i = 0; i < times; ++i) path += part;
    return path;
  };
  const std::string deepest = repeated("d/", 99);
  const auto found = shown({file(deepest + "x"), file(repeated("d/", 100) + "x"), file(repeated("d/", 900) + "y"),
                            folder(repeated("d/", 500)), folder(repeated("d/", 501))});
  EXPECT_TRUE(found.contains(deepest + "x") && !found.at(deepest + "x"));
  for (const char* name : {"x~2", "y", "d", "d~2"}) {
    EXPECT_TRUE(found.contains(deepest + name) && found.at(deepest + name)) << name;
  }
  EXPECT_EQ(found.size(), 99U + 5U);
  // Nor what only its names' lengths put out of reach.
  const std::string wide = repeated(std::string(200, 'w') + "/", 30);
  const auto long_ones = shown({file(wide + "x")});
  EXPECT_EQ(long_ones.size(), 14U + 1U);
  EXPECT_TRUE(long_ones.contains(wide.substr(0, 14 * 201) + "x") && long_ones.rbegin()->second);
}

TEST(PackTree, WhatLiesDeepChangesNoNumberOfOthers) {
  std::string deep = "deep/";
  for (int i = 0; i < 200; ++i) deep += "d/";
  const auto numbers = [](const Pack& members) {
    std::map<std::string, int64_t> found;
    for (const PackNode& node : pack_tree(members)) found.emplace(node.name, node.number);
    return found;
  };
  const auto with = numbers({file("a/x"), file("b/y"), folder("c/"), file(deep + "z")});
  const auto without = numbers({file("a/x"), file("b/y"), folder("c/"), file("w")});
  for (const char* name : {"a", "x", "b", "y", "c"}) EXPECT_EQ(with.at(name), without.at(name)) << name;
}

TEST(PackTree, LetsNothingOut) {
  const auto found =
      shown({file("../../x"), file("/etc/passwd"), file("C:/windows/y"), file("a/../../z"), file(".."), file("/")});
  EXPECT_EQ(found, (std::map<std::string, bool>{{"x", true},
                                                {"etc", false},
                                                {"etc/passwd", true},
                                                {"windows", false},
                                                {"windows/y", true},
                                                {"a", false},
                                                {"a/z", true}}));
}

TEST(PackTree, TellsApartWhatIsCalledTheSame) {
  const auto found = shown({file("a.png"), file("A.PNG"), file("a.png"), file("f"), file("f/x")});
  EXPECT_EQ(found,
            (std::map<std::string, bool>{
                {"a.png", false}, {"A~2.PNG", true}, {"a~3.png", true}, {"f", false}, {"f/x", false}, {"f~2", true}}));
}

class Packs : public ::testing::Test {
 protected:
  // An archive called so with these members.
  int64_t add(const std::string& name, Pack members) {
    MediaFacts facts;
    facts.kind = Kind::kTexturePack;
    facts.mime = "application/zip";
    facts.is_archive = true;
    facts.pack = std::make_shared<const Pack>(std::move(members));
    return catalog_.file(name, "packs", name, facts).asset;
  }

  ScratchCatalog catalog_;
};

TEST_F(Packs, HaveNamesAndTheFinestMapStandsForEach) {
  const int64_t wood =
      add("Wood.zip", {file("Wood_1K_Color.png", 5), file("Wood_2K_Color.png", 4), file("Wood_Normal.png")});
  add("wood.exe", {file("Wood_Color.png"), file("Wood_AO.png")});
  const auto lease = catalog_.catalog().reader();
  PackReader packs(*lease);
  std::vector<std::string> names;
  packs.packs(0, [&](const PackRow& row) {
    names.push_back(row.name);
    return true;
  });
  EXPECT_EQ(names, (std::vector<std::string>{"Wood", "wood.exe"}));
  const auto pack = packs.pack(wood);
  ASSERT_TRUE(pack);
  EXPECT_EQ(packs.map_of_pack(MapRole::kAlbedo, *pack)->name, "Wood_2K_Color.png");
  EXPECT_EQ(packs.map_of_pack(MapRole::kNormal, *pack)->names(), 3);
  EXPECT_FALSE(packs.map_of_pack(MapRole::kAo, *pack));
  EXPECT_EQ(packs.maps_of_material(packs.find_material("Wood")->id).size(), 2U);
  EXPECT_TRUE(packs.find_material("Wood (wood)"));
  EXPECT_EQ(catalog_.problems(), std::vector<std::string>());
}

TEST_F(Packs, LeaveNothingBehindWhenTheyArePurged) {
  const int64_t asset = add("Wood.zip", {file("a/Wood_Color.png"), file("a/Wood_AO.png")});
  catalog_.catalog().write([&](Writer& writer) {
    const auto entry = writer.entry_at(writer.ensure_folder("packs"), "Wood.zip");
    writer.trash_entry(*entry, 0);
  });
  EXPECT_FALSE(PackReader(*catalog_.catalog().reader()).pack(asset));
  catalog_.catalog().write([&](Writer& writer) { writer.purge_asset(asset); });
  auto& database = catalog_.catalog().reader()->database();
  for (const char* table : {"pack", "pack_member", "material"}) {
    EXPECT_EQ(database.integer("SELECT count(*) FROM " + std::string(table)), 0) << table;
  }
  EXPECT_EQ(database.integer("SELECT count(*) FROM member_search WHERE member_search MATCH 'wood'"), 0);
}

class Copies : public Packs {
 protected:
  Copies() : pack_(add("Wood.zip", {file("a/color.png", 5), file("a/rough.png", 7)})) {}

  int64_t member(int64_t number) {
    const auto lease = catalog_.catalog().reader();
    return member_id(PackReader(*lease).pack(pack_)->blob, number);
  }
  // What is said of an asset, one a line.
  std::string origins(int64_t asset) {
    std::string text;
    const auto lease = catalog_.catalog().reader();
    for (const auto& from : PackReader(*lease).origins(asset)) text += from.label + ": " + from.inside + "\n";
    return text;
  }
  FiledAs seal(int64_t version, std::string_view bytes, int64_t copy_of, const std::string& name = "copy.png") {
    SealedFile sealed;
    sealed.version = version;
    sealed.sha256 = digest_of(bytes);
    sealed.size = static_cast<int64_t>(bytes.size());
    sealed.copy_of = copy_of;
    FiledAs filed;
    catalog_.catalog().write([&](Writer& writer) { filed = writer.seal(sealed, 1, name); });
    return filed;
  }
  void purge(int64_t asset, const std::string& folder, const std::string& name) {
    catalog_.catalog().write([&](Writer& writer) {
      writer.trash_entry(*writer.entry_at(writer.ensure_folder(folder), name), 0);
      writer.purge_asset(asset);
    });
  }
  int64_t count(const char* table) {
    return catalog_.catalog().reader()->database().integer("SELECT count(*) FROM " + std::string(table));
  }

  const int64_t pack_;
};

TEST_F(Copies, SayWhichMemberTheyAreOf) {
  IncomingFile incoming;
  const MediaFacts facts;
  incoming.sha256 = digest_of("color");
  incoming.size = 5;
  incoming.name = "color.png";
  incoming.facts = &facts;
  incoming.copy_of = member(0);
  FiledAs imported;
  catalog_.catalog().write([&](Writer& writer) { imported = writer.file(incoming); });
  EXPECT_EQ(origins(imported.asset), "Wood.zip: Wood/a/color.png\n");
  const FiledAs sealed = seal(0, "roughly", member(1));
  EXPECT_EQ(origins(sealed.asset), "Wood.zip: Wood/a/rough.png\n");
  EXPECT_EQ(origins(pack_), "");
  EXPECT_EQ(catalog_.problems(), std::vector<std::string>());
}

TEST_F(Copies, KeepTheOriginThatTheyHave) {
  const int64_t none = seal(0, "color", 0, "first").asset;
  EXPECT_EQ(origins(none), "");
  // The same bytes, copied from elsewhere, are a file of their own.
  const int64_t copy = seal(0, "color", member(0), "second").asset;
  EXPECT_EQ(origins(copy), "Wood.zip: Wood/a/color.png\n");
  EXPECT_EQ(origins(none), "");
  seal(0, "new bytes", member(1), "second");
  EXPECT_EQ(origins(copy), "Wood.zip: Wood/a/color.png\n");
  EXPECT_EQ(count("member_copy"), 1) << "a file that is saved over is what it was";
}

TEST_F(Copies, AreWhatTheyAreWhenTheyAreWritten) {
  const FiledAs half = seal(900, "color", member(0));
  EXPECT_EQ(origins(half.asset), "Wood.zip: Wood/a/color.png\n");
  EXPECT_EQ(seal(900, "color and more", 0).asset, half.asset);
  EXPECT_EQ(origins(half.asset), "");
  EXPECT_EQ(seal(900, "roughly", member(1)).asset, half.asset);
  EXPECT_EQ(origins(half.asset), "Wood.zip: Wood/a/rough.png\n");
  EXPECT_EQ(catalog_.problems(), std::vector<std::string>());
}

TEST_F(Copies, OfWhatIsNotShownAreOfTheArchive) {
  const int64_t copy = seal(0, "color", member(0)).asset;
  const int64_t rough = member(1);
  catalog_.catalog().write(
      [&](Writer& writer) { writer.trash_entry(*writer.entry_at(writer.ensure_folder("packs"), "Wood.zip"), 0); });
  EXPECT_EQ(origins(copy), "Wood.zip: \n");
  EXPECT_EQ(origins(seal(0, "roughly", rough, "late").asset), "");
}

TEST_F(Copies, LeaveNothingBehindWhenEitherIsPurged) {
  const int64_t first = seal(0, "color", member(0), "first").asset;
  const int64_t second = seal(0, "roughly", member(1), "second").asset;
  purge(first, "", "first");
  EXPECT_EQ(count("member_copy"), 1);
  EXPECT_EQ(count("asset_link"), 1);
  EXPECT_EQ(origins(second), "Wood.zip: Wood/a/rough.png\n");
  purge(pack_, "packs", "Wood.zip");
  EXPECT_EQ(count("member_copy"), 0);
  EXPECT_EQ(count("asset_link"), 0);
  EXPECT_EQ(origins(second), "");
  EXPECT_EQ(catalog_.problems(), std::vector<std::string>());
}

TEST_F(Copies, OutliveAnArchiveThatIsLookedAtAgain) {
  const int64_t first = seal(0, "color", member(0), "first").asset;
  const int64_t second = seal(0, "roughly", member(1), "second").asset;
  MediaFacts facts;
  facts.is_archive = true;
  facts.pack = std::make_shared<const Pack>(Pack{file("b/Color.png", 5)});
  catalog_.catalog().write([&](Writer& writer) { writer.renew_facts(digest_of("Wood.zip"), facts); });
  EXPECT_EQ(origins(first), "Wood.zip: Wood/b/Color.png\n");
  EXPECT_EQ(origins(second), "Wood.zip: \n") << "that member is gone";
  EXPECT_EQ(catalog_.problems(), std::vector<std::string>());
}

TEST_F(Copies, AreFoundBySizeAndCrc) {
  Pack members = {file("one", 100), file("two", 100), file("broken", 100), file("none", 0), folder("folder/")};
  members[0].crc = 1;
  members[1].crc = 2;
  members[2].crc = 2;
  members[2].problem = "it cannot be read";
  const int64_t pack = add("more.zip", members);
  const auto lease = catalog_.catalog().reader();
  PackReader packs(*lease);
  const int64_t blob = packs.pack(pack)->blob;
  EXPECT_TRUE(packs.is_any());
  EXPECT_TRUE(packs.has_size(100));
  EXPECT_FALSE(packs.has_size(99));
  EXPECT_FALSE(packs.has_size(0));
  EXPECT_EQ(packs.with_bytes(100, 2), std::vector<int64_t>{member_id(blob, 1)});
  EXPECT_EQ(packs.with_bytes(100, 3), std::vector<int64_t>());
}

TEST_F(Packs, RememberHowNamesWereReadAndForgetMaterialsOfAnotherReading) {
  add("Wood.zip", {file("Holz_Color.png"), file("Holz_Normal.png")});
  MediaFacts facts;
  facts.is_archive = true;
  facts.pack = std::make_shared<const Pack>(Pack{file("H\u00f6lzer_Color.png"), file("H\u00f6lzer_Normal.png")});
  facts.pack_charset = "windows-1252";
  auto& database = catalog_.catalog().reader()->database();
  EXPECT_EQ(database.integer("SELECT count(*) FROM pack WHERE charset = 'auto'"), 1);
  catalog_.catalog().write([&](Writer& writer) { writer.renew_facts(digest_of("Wood.zip"), facts); });
  EXPECT_EQ(database.integer("SELECT count(*) FROM pack WHERE charset = 'windows-1252'"), 1);
  const auto lease = catalog_.catalog().reader();
  PackReader packs(*lease);
  EXPECT_FALSE(packs.find_material("Holz"));
  EXPECT_TRUE(packs.find_material("H\u00f6lzer"));
  EXPECT_EQ(catalog_.problems(), std::vector<std::string>());
}

}  // namespace
}  // namespace damfs::testing
