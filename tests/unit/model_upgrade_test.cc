// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Catalogs of every version that was ever released, opened by today's damfs.

#include <algorithm>
#include <map>

#include "catalog/base/names.h"
#include "catalog/model/journal.h"
#include "tests/support/library.h"
#include "tests/support/old_catalog.h"
#include "tests/support/scripted_disk.h"

namespace damfs::test {
namespace {

using damfs::testing::ScratchFolder;
using Lines = std::vector<std::string>;

// What later steps work out anew. Names, counts and the search index are check_catalog's.
bool is_reckoned(const std::string& table, const std::string& column) {
  return table == "shelf" || (table == "counter" && column == "value") || (table == "asset" && column == "names") ||
         table == "sqlite_sequence";
}

struct Before {
  Lines columns;
  Lines rows;
};

// Of each table the columns that today's has too, and their values.
std::map<std::string, Before> what_stays(db::Database& old, const std::map<std::string, Lines>& columns_now) {
  std::map<std::string, Before> stays;
  for (const std::string& table : tables_of(old)) {
    const auto now = columns_now.find(table);
    if (now == columns_now.end()) {
      ADD_FAILURE() << "the table " << table << " is gone";
      continue;
    }
    Before& before = stays[table];
    for (const std::string& column : columns_of(old, table)) {
      const bool is_there = std::find(now->second.begin(), now->second.end(), column) != now->second.end();
      if (is_there && !is_reckoned(table, column)) before.columns.push_back(column);
    }
    if (!before.columns.empty()) before.rows = rows_of(old, table, before.columns);
  }
  return stays;
}

std::map<std::string, Lines> newest_columns() {
  ScratchFolder folder;
  Catalog::create(folder / "catalog.db");
  db::Database made(folder / "catalog.db", db::Database::Mode::kReadOnly);
  std::map<std::string, Lines> columns;
  for (const std::string& table : tables_of(made)) columns[table] = columns_of(made, table);
  return columns;
}

Lines listed(Reader& reader, Grouping grouping, int64_t key) {
  Lines names;
  reader.assets(grouping, key, 0, [&](const AssetRow& row) {
    names.push_back(fmt::format("{}={}/{}", row.name, row.id, row.version));
    return true;
  });
  std::sort(names.begin(), names.end());
  return names;
}

// What people see of it, with the numbers that inode numbers are made of.
void expect_shown(Reader& reader, int64_t version) {
  Lines trip{"IMG.jpg=1/2", "MVI.LRV=3/4", "MVI.MOV=2/3", "brick.png=4/5", "pack.zip=5/6", "twice.txt=10/10"};
  if (version < 4) trip.emplace_back("gone.txt=6/7");
  if (version >= 10) trip.emplace_back("link=8/9");
  std::sort(trip.begin(), trip.end());
  EXPECT_EQ(listed(reader, Grouping::kFolder, 2), trip);
  EXPECT_EQ(listed(reader, Grouping::kFolder, 3), (Lines{"brick.png=7/8", "twice.txt=10/10"}));
  EXPECT_EQ(listed(reader, Grouping::kTag, 3), Lines{"IMG.jpg=1/2"});
  EXPECT_EQ(listed(reader, Grouping::kAlbum, 2).size(), 2U);
  EXPECT_EQ(reader.album_position(2, 1), 2097152);
  EXPECT_EQ(listed(reader, Grouping::kRating, 4), Lines{"IMG.jpg=1/2"});
  EXPECT_EQ(listed(reader, Grouping::kCamera, 1), Lines{"IMG.jpg=1/2"});
  EXPECT_EQ(listed(reader, Grouping::kLens, 1), Lines{"IMG.jpg=1/2"});
  EXPECT_EQ(listed(reader, Grouping::kKind, 1).size(), 2U) << "of exact copies one";
  EXPECT_EQ(reader.copies_are(), Reader::CopiesAre::kHidden);
  ASSERT_EQ(reader.versions(1).size(), 2U);
  EXPECT_EQ(reader.versions(1)[0].id, 1);
  EXPECT_EQ(reader.versions(1)[1].number, 2);
  EXPECT_EQ(reader.tag_paths(1), Lines{"places/italy"});
  EXPECT_EQ(reader.words(1).title, "Lake");
  EXPECT_EQ(reader.words(1).rating, 4);
  EXPECT_EQ(reader.asset(2)->row.camera_proxy.version, version >= 2 ? 4 : 0);
  EXPECT_EQ(reader.source("/card/MVI.MOV")->entry, 2);
  EXPECT_TRUE(reader.source("/card/MVI.MOV")->is_catalogued);
  EXPECT_EQ(reader.tag_texts(2), Lines{version >= 11 ? tag_part("AC/DC") : "AC_DC"});
  if (version >= 3) {
    int acts_told = 0;
    acts(reader, 1, [&](const ActRow&) { return ++acts_told > 0; });
    EXPECT_EQ(acts_told, 2);
  }
  if (version >= 4) {
    EXPECT_EQ(reader.trash_entry(1)->original_name, "gone.txt");
    EXPECT_EQ(listed(reader, Grouping::kTrash, 0), Lines{"gone.txt=6/7"});
    EXPECT_EQ(reader.attribute(1, "user.mine"), std::string("\0\xff", 2));
    ASSERT_EQ(reader.kept_drafts().size(), 1U);
    EXPECT_EQ(reader.kept_drafts()[0].version, 1000);
    EXPECT_EQ(reader.asset(1)->row.ownership.mode, 0600);
  }
  if (version >= 6) {
    EXPECT_EQ(reader.smart_albums().size(), 1U);
  }
  if (version >= 8) {
    EXPECT_EQ(reader.bytes_of_version(7)->damage, "it is missing");
  }
  if (version >= 10) {
    EXPECT_EQ(reader.link_target(8), "../x");
  }
}

std::map<std::string, Lines> contents_of_file(const Path& file) {
  db::Database database(file, db::Database::Mode::kReadOnly);
  return contents_of(database);
}

class UpgradeTest : public ::testing::TestWithParam<int64_t> {
 protected:
  UpgradeTest() { make_old_catalog(file_, GetParam()); }
  std::map<std::string, Lines> contents() const { return contents_of_file(file_); }
  ScriptedDisk disk_;  // which is not waited for
  ScratchFolder folder_;
  Path file_ = folder_ / "catalog.db";
};

TEST_P(UpgradeTest, NothingIsLost) {
  std::map<std::string, Before> before;
  {
    db::Database old(file_, db::Database::Mode::kReadOnly);
    before = what_stays(old, newest_columns());
  }
  Catalog catalog(file_);
  EXPECT_EQ(check_catalog(*catalog.reader()), Lines());
  expect_shown(*catalog.reader(), GetParam());
  for (const auto& [table, was] : before) {
    if (was.columns.empty()) continue;
    const Lines now = rows_of(catalog.reader()->database(), table, was.columns);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), was.rows.begin(), was.rows.end()))
        << table << ": " << fmt::format("{} became {}", fmt::join(was.rows, " | "), fmt::join(now, " | "));
    if (table != "counter") {
      EXPECT_EQ(now.size(), was.rows.size()) << table;
    }
  }
  // No number that was given is given again: it is an inode's.
  catalog.write([](Writer& writer) { EXPECT_GT(writer.reserve_versions(1), 1000); });
}

TEST_P(UpgradeTest, OpeningItAgainChangesNothing) {
  { Catalog catalog(file_); }
  const auto once = contents();
  const std::string bytes = damfs::read_text(file_, 64U << 20).value();
  { Catalog catalog(file_); }
  EXPECT_EQ(contents(), once);
  EXPECT_EQ(damfs::read_text(file_, 64U << 20).value(), bytes);
}

TEST_P(UpgradeTest, WhatIsSaidOfItAfterwardsHolds) {
  Catalog catalog(file_);
  catalog.write(Act{.what = "all"}, [](Writer& writer) {
    writer.set_rating(1, 2);
    writer.add_tag(10, writer.ensure_group(Grouping::kTag, "new"));
    writer.add_to_album(4, 2);
    writer.trash_entry(*writer.entry_at(2, "MVI.MOV"), 0);
    damfs::testing::file_bytes(writer, "new", "trip", "new.jpg", damfs::testing::photo());
  });
  EXPECT_EQ(check_catalog(*catalog.reader()), Lines());
}

INSTANTIATE_TEST_SUITE_P(OfVersion, UpgradeTest, ::testing::Range(int64_t{1}, newest_catalog_version() + 1));

}  // namespace
}  // namespace damfs::test
