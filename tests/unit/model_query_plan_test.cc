// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>

#include <map>

#include "catalog/model/search/search.h"
#include "catalog/model/statements.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchCatalog;

void file_many(Writer& writer, int from, int to) {
  for (int i = from; i < to; ++i) {
    MediaFacts facts = photo(fmt::format("20{:02}-0{}-1{}", i % 20, i % 9 + 1, i % 10));
    facts.make = fmt::format("Make {}", i % 7);
    facts.rating = i % 6;
    facts.tags = {fmt::format("t{}/s{}", i % 5, i % 50)};
    const std::string name = fmt::format("{}.jpg", i);
    const FiledAs filed = file_bytes(writer, name, fmt::format("f{}", i % 40), name, facts, "/source/" + name);
    if (i % 3 == 0) writer.add_to_album(filed.asset, writer.ensure_group(Grouping::kAlbum, fmt::format("a{}", i % 4)));
    if (i % 10 == 0) file_bytes(writer, name, "second names", name, facts, "/source/second/" + name);
    if (i % 11 == 0) file_bytes(writer, name + " edited", fmt::format("f{}", i % 40), name, facts, "/source/" + name);
  }
}

// Statements for which the planner's word SCAN is right, and why.
const std::map<std::string_view, std::string_view> kMayScan = {
    {"newest_change", "max() of a primary key reads one row"},
    {"newest_asset", "max() of a primary key reads one row"},
    {"any_pack", "its first row, if there is one"},
    {"newest_change_time", "max() of a primary key reads one row"},
    {"assets_by_id", "the list that was bound"},
    {"search_text", "one row of a virtual table, by its id"},
    {"kept_drafts", "all of them, once, when a mount begins"},
    {"oldest_change", "min() of a primary key reads one row"},
    {"newest_undoable_act", "from the newest on, to the first that can be undone"},
    {"acts", "damfs log tells all of them"},
    {"has_member_called", "the index of names, by a term"},
    {"still_profiles", "as many as settings ever named"},
    {"purgeable_trash", "all that is in the trash, for damfs purge"},
    {"all_objects", "all of them, for damfs verify"},
    {"damaged_blobs", "all of them, for damfs doctor"},
    {"any_indexed_asset", "its first row, if there is one"},
    {"albums_with_all_below", "the list that was bound"},
    {"last_asset_given", "a row a table"},
    {"last_version_given", "a row a table"},
    {"set_last_version_given", "a row a table"},
    {"drop_from_search", "one row of a virtual table, by its id"},
    {"forget_sources_of_entries", "sources have no index by entry: once an undo of names"},
    {"forget_sources_without_entry", "all of them, after damfs purge was asked to"},
    {"new_recent_floor", "as many rows as recent/ holds"},
    {"drop_old_changes", "to the first change that stays"},
    {"any_sidecar", "its first row, if there is one"},
    {"last_change", "max() of a primary key reads one row"},
    {"last_folder", "max() of a primary key reads one row"},
    {"last_trash", "max() of a primary key reads one row"},
};

// Statements whose rows are sorted or told apart, and why that is bounded.
const std::map<std::string_view, std::string_view> kMaySort = {
    {"odd_members", "of one archive"},
    {"assets_showing_bytes", "that hold the same bytes"},
    {"oldest_owned_holder", "of the same bytes, when those are put into a tag"},
    {"tags_in_tag", "of one name"},
    {"asset_that_arrived_as", "that came under one name"},
    {"members_of_folder", "of one folder, which goes or is merged"},
    {"assets_below_tag", "each of which is written anew, for the tag was renamed"},
};

// What a recursive statement has found itself.
bool is_of_its_own_rows(std::string_view step) {
  return step == "SCAN down" || step == "SCAN up" || step == "SCAN below";
}

// Of whole files: what reads everything because that is what it is for.
bool reads_everything(std::string_view name) {
  return name.starts_with("check_");  // damfs doctor
}

TEST(QueryPlan, EveryStatementHasItsIndex) {
  ScratchCatalog scratch;
  scratch.catalog().write([](Writer& writer) { file_many(writer, 0, 2000); });
  scratch.catalog().write([](Writer&) {});
  const auto reader = scratch.catalog().reader();
  db::Database(scratch.catalog().file(), db::Database::Mode::kReadWrite).execute("ANALYZE");
  size_t statements = 0;
  for (const auto& [name, sql] : all_statements()) {
    ++statements;
    db::Statement plan(reader->database(), "EXPLAIN QUERY PLAN " + std::string(sql));
    while (plan.step()) {
      const std::string step(plan.text(3));
      if (reads_everything(name)) continue;
      if (!kMayScan.contains(name) && !is_of_its_own_rows(step)) {
        EXPECT_FALSE(step.starts_with("SCAN") && step != "SCAN CONSTANT ROW") << name << ": " << step;
      }
      if (!kMaySort.contains(name)) {
        EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << name << ": " << step;
      }
      EXPECT_EQ(step.find("AUTOMATIC"), std::string::npos) << name << ": " << step;
    }
  }
  EXPECT_GE(statements, 400U);
}

// How many rows each statement passed by without an index while `work` ran in one transaction.
std::map<std::string, int64_t> scanned(const Path& catalog, const std::function<void(Writer&)>& work) {
  std::map<std::string, int64_t> rows;
  db::Database database(catalog, db::Database::Mode::kReadWrite);
  database.watch([&](std::string_view sql, int64_t count) { rows[std::string(sql)] += count; });
  {
    db::Transaction transaction(database);
    Statements statements(database);
    Writer writer(database, statements, {});
    work(writer);
    writer.finish();
    transaction.commit();
  }
  database.watch({});
  return rows;
}

// Scenario: finding the asset of a blob walked all assets, so that import became quadratic. Whatever a transaction
// scans may be bounded by its own size (the change feed, recent/), never by the library's.
TEST(QueryPlan, WhatAWriterScansDoesNotGrowWithTheLibrary) {
  ScratchCatalog scratch;
  const Path file = scratch.catalog().file();
  constexpr int kStep = 1000;
  scanned(file, [](Writer& writer) { file_many(writer, 0, kStep); });
  const auto second = scanned(file, [](Writer& writer) { file_many(writer, kStep, 2 * kStep); });
  scanned(file, [](Writer& writer) { file_many(writer, 2 * kStep, 3 * kStep); });
  const auto fourth = scanned(file, [](Writer& writer) { file_many(writer, 3 * kStep, 4 * kStep); });
  ASSERT_GT(second.size(), 20U) << "the watcher saw nothing";
  for (const auto& [sql, rows] : fourth) {
    const auto before = second.find(sql);
    EXPECT_LE(rows, (before == second.end() ? 0 : before->second) + kStep) << sql;
  }
  EXPECT_TRUE(scratch.problems().empty());
}

TEST(QueryPlan, TaggingOneAssetScansNothing) {
  ScratchCatalog scratch;
  scratch.catalog().write([](Writer& writer) { file_many(writer, 0, 2000); });
  const auto rows = scanned(scratch.catalog().file(), [](Writer& writer) {
    writer.add_tag(1000, writer.ensure_group(Grouping::kTag, "new/tag"));
    writer.add_to_album(1000, writer.ensure_group(Grouping::kAlbum, "new/album"));
    writer.remove_tag(1001, *writer.find_group(Grouping::kTag, "t0/s0"));
  });
  for (const auto& [sql, count] : rows) {
    EXPECT_LE(count, 600) << sql;  // recent/ holds 500
  }
}

// Scenario: a library with every texture both in its zip and copied out of it.
TEST(QueryPlan, LinkingAndPurgingACopyScansNothing) {
  constexpr int kMembers = 2000;
  ScratchCatalog scratch;
  MediaFacts facts;
  facts.is_archive = true;
  Pack members(kMembers);
  for (int i = 0; i < kMembers; ++i) {
    members[static_cast<size_t>(i)].path = fmt::format("{}.png", i);
    members[static_cast<size_t>(i)].size = 1000 + i % 10;
    members[static_cast<size_t>(i)].crc = static_cast<uint32_t>(i);
  }
  facts.pack = std::make_shared<const Pack>(members);
  scratch.file("zip", "", "all.zip", facts);
  const int64_t blob = scratch.catalog().reader()->database().integer("SELECT blob_id FROM pack");
  scratch.catalog().write([&](Writer& writer) {
    for (int i = 0; i < kMembers; ++i) {
      const std::string name = fmt::format("{}.png", i);
      writer.link_copy(file_bytes(writer, name, "copies", name, photo()).asset, blob << 20 | i);
    }
  });
  const auto rows = scanned(scratch.catalog().file(), [&](Writer& writer) {
    writer.link_copy(file_bytes(writer, "new", "copies", "new.png", photo()).asset, blob << 20 | 7);
    const auto entry = writer.entry_at(writer.ensure_folder("copies"), "1000.png");
    writer.trash_entry(*entry, 0);
    writer.purge_asset(entry->asset);
  });
  ASSERT_GT(rows.size(), 20U) << "the watcher saw nothing";
  for (const auto& [sql, count] : rows) EXPECT_LE(count, 600) << sql;  // recent/ holds 500
  EXPECT_TRUE(scratch.problems().empty());
}

// Scenario: finding one file in search/beach/ by its name searched the whole library.
TEST(QueryPlan, JudgingOneAssetScansNothing) {
  ScratchCatalog scratch;
  scratch.catalog().write([](Writer& writer) { file_many(writer, 0, 2000); });
  const auto reader = scratch.catalog().reader();
  std::map<std::string, int64_t> rows;
  reader->database().watch([&](std::string_view sql, int64_t count) { rows[std::string(sql)] += count; });
  int met = 0;
  for (const char* query :
       {"1000", "\"1000 jpg\"", "jpg -edited", "tag:s0", "tag:t0/s0", "-tag:t1", "camera:make", "path:f0", "album:a",
        "-album:none", "rating:>=1", "ext:jpg size:>1 date:2000..2030 type:image", "-- 10"}) {
    const Criteria criteria{Criteria::Within{Grouping::kTag, 1}, parse_query(query)};
    const auto found = reader->find_asset(Grouping::kAll, 0, "1000.jpg");
    ASSERT_TRUE(found);
    met += matches(*reader, criteria, *found) ? 1 : 0;
  }
  reader->database().watch({});
  EXPECT_GT(met, 5);
  EXPECT_GT(rows.size(), 4U) << "the watcher saw nothing";
  for (const auto& [sql, count] : rows) EXPECT_LE(count, 1) << sql;  // of the feed and the index's own tables
}

// The condition that leaves least finds the assets, whatever else is asked and however the library is made up.
TEST(QueryPlan, ASearchStartsFromItsNarrowestCondition) {
  static constexpr std::string_view kByNumber = "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)";
  ScratchCatalog scratch;
  scratch.catalog().write([](Writer& writer) { file_many(writer, 0, 200); });
  const auto reader = scratch.catalog().reader();
  for (const auto& [query, step] : std::initializer_list<std::pair<const char*, std::string_view>>{
           {"type:image rating:5 tag:t0/s0", kByNumber},
           {"path:f1/1.jpg size:>0 type:image", kByNumber},
           {"100 type:image tag:t0", kByNumber},
           {"100 -200 date:2004", "SCAN s VIRTUAL TABLE"},
           {"type:image date:2004-05", "asset_by_day"},
           {"camera:\"make 3\" type:image -tag:t0", "asset_by_camera"},
           {"type:image rating:5 ext:jpg", "asset_by_rating"},
           {"type:image -tag:t0 -200", "asset_by_kind"}}) {
    std::string sql;
    reader->database().watch([&](std::string_view text, int64_t) { sql = text; });
    search(*reader, parse_query(query), 0, [](int64_t) { return true; });
    reader->database().watch({});
    std::string plan;
    db::Statement steps(reader->database(), "EXPLAIN QUERY PLAN " + sql);
    while (steps.step()) plan += fmt::format("{}\n", steps.text(3));
    EXPECT_NE(plan.find(step), std::string::npos) << query << "\n" << sql << "\n" << plan;
  }
}

}  // namespace
}  // namespace damfs
