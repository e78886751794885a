// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>

#include <map>

#include "catalog/model/search.h"
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
    {"oldest_change", "min() of a primary key reads one row"},
};

TEST(QueryPlan, EveryStatementOfAMountHasItsIndex) {
  ScratchCatalog scratch;
  scratch.catalog().write([](Writer& writer) { file_many(writer, 0, 2000); });
  scratch.catalog().write([](Writer&) {});
  const auto reader = scratch.catalog().reader();
  db::Database(scratch.catalog().file(), db::Database::Mode::kReadWrite).execute("ANALYZE");
  size_t statements = 0;
  for (const auto& [name, sql] : mount_statements()) {
    ++statements;
    db::Statement plan(reader->database(), "EXPLAIN QUERY PLAN " + std::string(sql));
    while (plan.step()) {
      const std::string step(plan.text(3));
      if (!kMayScan.contains(name)) {
        EXPECT_FALSE(step.starts_with("SCAN") && step != "SCAN CONSTANT ROW") << name << ": " << step;
      }
      EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << name << ": " << step;
      EXPECT_EQ(step.find("AUTOMATIC"), std::string::npos) << name << ": " << step;
    }
  }
  EXPECT_GE(statements, 40U);
}

// How many rows each statement passed by without an index while `work` ran in one transaction.
std::map<std::string, int64_t> scanned(const Path& catalog, const std::function<void(Writer&)>& work) {
  std::map<std::string, int64_t> rows;
  db::Database database(catalog, db::Database::Mode::kReadWrite);
  database.watch([&](std::string_view sql, int64_t count) { rows[std::string(sql)] += count; });
  {
    db::Transaction transaction(database);
    Writer writer(database);
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

}  // namespace
}  // namespace damfs
