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

TEST(TextureMap, UnderstandsWhatArtistsCallThem) {
  const auto map = texture_map("Wood049_2K-PNG_Color.png");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->role, MapRole::kAlbedo);
  EXPECT_EQ(map->material, "Wood049");
  EXPECT_EQ(map->resolution, 2048);
  EXPECT_EQ(texture_map("brick_wall_nor_gl_4k.exr")->role, MapRole::kNormal);
  EXPECT_EQ(texture_map("brick_wall_nor_dx_4k.exr")->role, MapRole::kNormalDx);
  EXPECT_EQ(texture_map("Metal_Plates_006_roughness.jpg")->role, MapRole::kRoughness);
  EXPECT_EQ(texture_map("Metal_Plates_006_roughness.jpg")->material, "Metal_Plates_006");
  EXPECT_FALSE(texture_map("Wood049_2K.png"));
  EXPECT_FALSE(texture_map("roughness.txt"));
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
  add("wood.exe", {file("Wood_Color.png")});
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
  const int64_t asset = add("Wood.zip", {file("a/Wood_Color.png")});
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

}  // namespace
}  // namespace damfs::testing
