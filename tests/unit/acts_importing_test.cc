// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/importing.h"

#include <cerrno>

#include "catalog/acts/finding.h"
#include "catalog/base/error.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::refusal;

class ImportingTest : public ::testing::Test {
 protected:
  ImportingTest() {
    std::filesystem::create_directory(source_);
    testing::write_file(source_ / "one.txt", "one");
    testing::write_file(source_ / "two.txt", "two");
  }

  ImportReport import(const ToImport& wanted) {
    const ImportEvents events{
        .failed = [](const Path& path, const std::string& why) { ADD_FAILURE() << path << ": " << why; },
        .skipped = [](const Path& path, const std::string& why) { ADD_FAILURE() << path << ": " << why; }};
    return Importing(library_).import(
        wanted, events, [](const ImportProgress&) {}, stop_);
  }
  ToImport wanted() const { return {.paths = {source_}, .what = "import of a test"}; }

  testing::ScratchFolder scratch_;
  const Path source_ = scratch_ / "source";
  const Library library_ = Library::create(scratch_ / "library");
  std::atomic<bool> stop_{false};
};

TEST_F(ImportingTest, TakesFilesInAsThePeopleSaid) {
  ToImport all = wanted();
  all.into = "/2024//rome/";
  all.tags = {"places/rome"};
  all.albums = {"Rome"};
  const ImportReport report = import(all);
  EXPECT_EQ(report.new_assets, 2);
  EXPECT_EQ(import(all).unchanged, 2);
  Catalog catalog(library_.catalog());
  for (const char* query : {"path:2024/rome", "tag:places/rome", "album:Rome"}) {
    EXPECT_EQ(found_assets(*catalog.reader(), query, ExactCopies::kAll).size(), 2U) << query;
  }
}

TEST_F(ImportingTest, WhatCannotBeIsRefusedBeforeAnythingIsRead) {
  for (const auto& spoil :
       {+[](ToImport& each) { each.tags = {"a//b"}; }, +[](ToImport& each) { each.albums = {""}; },
        +[](ToImport& each) { each.into = "../elsewhere"; }, +[](ToImport& each) { each.encoding = "no such"; }}) {
    ToImport spoilt = wanted();
    spoil(spoilt);
    EXPECT_EQ(refusal([&] { import(spoilt); }), EINVAL);
  }
  Catalog catalog(library_.catalog());
  EXPECT_EQ(catalog.reader()->totals().assets, 0);
}

TEST_F(ImportingTest, OneAtATimeHasTheLibrary) {
  const Importing importing(library_);
  EXPECT_EQ(refusal([&] { Importing another(library_); }), EBUSY);
}

TEST_F(ImportingTest, LooksAgainAtWhatIsNamed) {
  import(wanted());
  Importing importing(library_);
  RefreshOptions options;
  options.assets = found_assets(*importing.catalog().reader(), "one", ExactCopies::kAll);
  std::pair<int64_t, int64_t> newest;
  const auto report = importing.refresh(
      options,
      [&](int64_t done, int64_t total) {
        newest = {done, total};
      },
      stop_);
  EXPECT_EQ(report.stale, 1);
  EXPECT_EQ(report.renewed, 1);
  EXPECT_EQ(newest, (std::pair<int64_t, int64_t>{1, 1}));
}

TEST(CheckedCharset, IsTheOneNameOfAnEncoding) {
  EXPECT_EQ(checked_charset(""), "");
  EXPECT_EQ(checked_charset("Shift_JIS"), checked_charset("shift-jis"));
}

}  // namespace
}  // namespace damfs
