// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/check.h"

#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchCatalog;

// A library with something in every table that another one counts or repeats.
void fill(ScratchCatalog& scratch) {
  MediaFacts facts = photo();
  facts.make = "Canon";
  facts.model = "EOS 40D";
  facts.rating = 4;
  facts.title = "A title";
  facts.tags = {"places/italy"};
  MediaFacts pack;
  pack.kind = Kind::kTexturePack;
  pack.is_archive = true;
  pack.pack_charset = "auto";
  pack.pack = std::make_shared<const Pack>([] {
    Pack members(3);
    members[0].path = "maps/brick_albedo_2K.png";
    members[1].path = "maps/brick_normal_2K.png";
    members[2].path = "readme.txt";
    for (PackMember& member : members) member.size = member.stored_size = 10;
    for (size_t i = 0; i < 2; ++i) {
      members[i].mime = "image/png";
      members[i].still = {2048, 2048};
    }
    return members;
  }());
  scratch.catalog().write([&](Writer& writer) {
    for (int i = 0; i < 3; ++i) {
      const std::string name = std::to_string(i) + ".jpg";
      const FiledAs filed = file_bytes(writer, name, "a/b", name, facts, "/source/" + name);
      writer.add_to_album(filed.asset, writer.ensure_group(Grouping::kAlbum, "Best/2024"));
    }
    file_bytes(writer, "new bytes", "a/b", "0.jpg", facts, "/source/0.jpg");
    file_bytes(writer, "pack", "a", "brick.zip", pack);
    file_bytes(writer, "plain", "a", "plain.txt", testing::plain_file());
  });
  scratch.catalog().write([](Writer& writer) {
    const int64_t folder = writer.ensure_folder("a/b");
    writer.trash_entry(*writer.entry_at(folder, "2.jpg"), 0);
  });
}

struct Corruption {
  const char* name;
  const char* sql;
  const char* said;  // a part of what is told
};

class CheckTest : public ::testing::TestWithParam<Corruption> {};

TEST_P(CheckTest, TellsWhatIsCountedWrongly) {
  ScratchCatalog scratch;
  fill(scratch);
  ASSERT_EQ(scratch.problems(), std::vector<std::string>());
  {
    db::Database database(scratch.catalog().file(), db::Database::Mode::kReadWrite);
    database.execute("PRAGMA foreign_keys = OFF");
    database.execute(GetParam().sql);
    ASSERT_GT(database.integer("SELECT total_changes()"), 0) << "it corrupted nothing";
  }
  const auto problems = scratch.problems();
  EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [](const std::string& problem) {
    return problem.find(GetParam().said) != std::string::npos;
  })) << (problems.empty() ? "nothing was told" : problems.front());
}

constexpr Corruption kCorruptions[] = {
    {"NamesOfAnAsset", "UPDATE asset SET names = names + 1 WHERE id = 1", "count of names"},
    {"NamesOfATrashedAsset", "UPDATE asset SET names = 0 WHERE state = 1", "count of names"},
    {"VersionsOfAnAsset", "UPDATE asset SET versions = 7 WHERE id = 1", "count of versions"},
    {"NumbersGiven", "UPDATE asset SET last_version = 1 WHERE id = 1", "number it has not given"},
    {"NumberOfAVersion", "UPDATE version SET number = 9 WHERE id = 1", "number it has not given"},
    {"CurrentVersion", "UPDATE asset SET version_id = 999 WHERE id = 1", "no current version"},
    {"Size", "UPDATE asset SET size = size + 1 WHERE id = 2", "another size"},
    {"Time", "UPDATE asset SET mtime_ns = 0 WHERE id = 2", "another size or time"},
    {"Kind", "UPDATE asset SET kind = 3 WHERE id = 2", "another type"},
    {"Raster", "UPDATE asset SET still_width = 1 WHERE id = 2", "raster"},
    {"Clip", "UPDATE asset SET clip = 'x' WHERE id = 2", "clip"},
    {"Camera", "UPDATE asset SET camera_id = NULL, names = names - 1 WHERE id = 2", "camera"},
    {"Day", "UPDATE asset SET day = day + 1 WHERE id = 2", "another day"},
    {"Words", "DELETE FROM asset_text WHERE asset_id = 2", "no words"},
    {"CountOfADay", "UPDATE shelf SET assets = assets + 1 WHERE grouping = 5 AND assets > 0", "day"},
    {"DayThatIsMissing", "DELETE FROM shelf WHERE grouping = 5", "day"},
    {"CountOfAYear", "UPDATE shelf SET assets = assets - 1 WHERE grouping = 6 AND assets > 0", "year"},
    {"YearThatIsMissing", "DELETE FROM shelf WHERE grouping = 6", "year"},
    {"CountOfAType", "UPDATE shelf SET assets = assets + 1 WHERE grouping = 7 AND assets > 0", "type"},
    {"TypeThatIsMissing", "DELETE FROM shelf WHERE grouping = 7", "type"},
    {"CountOfACamera", "UPDATE shelf SET assets = assets + 1 WHERE grouping = 4 AND key > 0", "camera"},
    {"CountOfARating", "UPDATE shelf SET assets = assets + 1 WHERE grouping = 8 AND key = 4", "rating"},
    {"RatingBehindItsCount", "UPDATE asset SET rating = 2 WHERE id = 2", "rating"},
    {"RecentFloor", "UPDATE counter SET value = 99 WHERE name = 'recent_floor'", "recent_floor"},
    {"CounterOfBlobs", "UPDATE counter SET value = value + 1 WHERE name = 'blobs'", "counter blobs"},
    {"CounterOfBytes", "UPDATE counter SET value = value + 1 WHERE name = 'original_bytes'", "original_bytes"},
    {"CounterThatIsMissing", "DELETE FROM counter WHERE name = 'blobs'", "counter blobs"},
    {"FolderInACircle", "UPDATE folder SET parent_id = id WHERE name = 'a'", "not below originals/"},
    {"TagInACircle", "UPDATE tag SET parent_id = id WHERE name = 'places'", "not below by-tag/"},
    {"AlbumInACircle", "UPDATE album SET parent_id = id WHERE name = 'Best'", "not below albums/"},
    {"TagOfNobody", "INSERT INTO asset_tag VALUES (2, 999)", "refers to something that is not there"},
    {"AlbumOfNobody", "INSERT INTO album_item VALUES (2, 999999, 999)", "refers to something that is not there"},
    {"DamageOfNothing", "INSERT INTO damage VALUES (999, 0, 'x')", "refers to something that is not there"},
    {"NameInTheFolders", "DELETE FROM folder_entry WHERE name = '1.jpg'", "in no folder"},
    {"Location", "DELETE FROM location WHERE blob_id = 1", "nowhere"},
    {"Technical", "DELETE FROM technical WHERE blob_id = 1", "not known what it is"},
    {"BlobOfNobody", "INSERT INTO blob (sha256, size, added_ns) VALUES (zeroblob(32), 1, 0)", "belongs to no asset"},
    {"Pack", "DELETE FROM pack", "is no archive"},
    {"MembersFolder", "DELETE FROM pack_member WHERE name = 'maps'", "no folder of its archive"},
    {"PrimaryMember", "UPDATE pack SET primary_member = 77", "does not have"},
    {"MembersArchive", "UPDATE pack_member SET archive = 77 WHERE name = 'readme.txt'", "an archive that is not there"},
    {"MembersMaterial", "UPDATE pack_member SET material_id = 77 WHERE by_material = 1", "no material"},
    {"MembersRole", "UPDATE pack_member SET role = 0 WHERE by_map = 1", "no material"},
    {"MaterialWithoutMaps", "UPDATE pack_member SET by_material = 0", "no maps"},
    {"PackName", "DELETE FROM pack_name", "without a name in packs/"},
    {"CopyOfNothing", "INSERT INTO member_copy VALUES (1, 12345)", "copy of what is in no archive"},
    {"Search", "DELETE FROM asset_search WHERE rowid = 2", "missing from the search index"},
    {"SearchWords", "UPDATE asset_search SET title = 'Another' WHERE rowid = 2", "other words"},
};

INSTANTIATE_TEST_SUITE_P(Every, CheckTest, ::testing::ValuesIn(kCorruptions),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace damfs
