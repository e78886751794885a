// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "catalog/ingest/walk.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::ScratchCatalog;
using testing::write_file;

// A source folder and a library to import it into.
class ImportTest : public ::testing::Test {
 protected:
  struct Target : ScratchCatalog {
    Target() : store(made(folder / "objects"), made(folder / "staging")) {}
    static Path made(const Path& path) {
      std::filesystem::create_directory(path);
      return path;
    }
    // Folder path and name → SHA-256 of what it holds.
    std::map<std::string, std::string> contents() {
      std::map<std::string, std::string> all;
      const auto reader = catalog().reader();
      db::Statement rows(
          reader->database(),
          "SELECT e.folder_id, e.name, hex(b.sha256) FROM folder_entry e JOIN asset a ON a.id = e.asset_id "
          "JOIN version v ON v.id = a.version_id JOIN blob b ON b.id = v.blob_id");
      while (rows.step()) {
        all[reader->group_path(Grouping::kFolder, rows.integer(0)) + "/" + std::string(rows.text(1))] = rows.text(2);
      }
      return all;
    }
    ObjectStore store;
    Places places{store};
  };

  ImportTest() { std::filesystem::create_directory(source_); }
  void TearDown() override {
    for (const std::string& problem : target_.problems()) ADD_FAILURE() << problem;
    EXPECT_TRUE(std::filesystem::is_empty(target_.folder / "staging"));
  }

  void add(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((source_ / name).parent_path());
    write_file(source_ / name, text);
  }
  ImportReport import(ImportOptions options = {}) { return import_into(target_, std::move(options)); }
  ImportReport import_into(Target& target, ImportOptions options = {}) {
    if (options.paths.empty()) options.paths = {source_};
    failed_.clear();
    skipped_.clear();
    Import run(
        {target.catalog(), target.store, target.places, workers_}, std::move(options),
        {.failed = [this](const Path& path, const std::string& reason) { failed_[path.filename()] = reason; },
         .skipped = [this](const Path& path, const std::string& reason) { skipped_[path.filename()] = reason; }});
    return run.run(stop_);
  }

  testing::ScratchFolder scratch_;
  Path source_ = scratch_ / "source";
  Target target_;
  WorkerPool workers_{{program_path().parent_path() / "damfs-worker", 2, -1}};
  std::atomic<bool> stop_{false};
  std::map<std::string, std::string> failed_, skipped_;
};

TEST_F(ImportTest, CountsWhatItMet) {
  add("a/one.txt", "one");
  add("a/two.txt", "two");
  add("b/one again.txt", "one");
  add(".DS_Store", "litter");
  add("a/._one.txt", "litter");
  add("a/half.part", "temporary");
  add("empty", "");
  ASSERT_EQ(::symlink("one.txt", (source_ / "a/link").c_str()), 0);
  ASSERT_EQ(::symlink("../../elsewhere", (source_ / "a/link out").c_str()), 0);
  ASSERT_EQ(::mkfifo((source_ / "pipe").c_str(), 0600), 0);
  const ImportReport report = import();
  EXPECT_EQ(report.files, 5);
  EXPECT_EQ(report.new_assets, 5);
  EXPECT_EQ(report.copies, 1);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.skipped, 3);
  EXPECT_EQ(report.bytes, 9);
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(skipped_["link out"], "a symbolic link to ../../elsewhere, which is not among what is imported");
  EXPECT_EQ(skipped_["pipe"], "a pipe");
  EXPECT_TRUE(skipped_.contains("half.part"));
  EXPECT_FALSE(skipped_.contains(".DS_Store"));
  EXPECT_EQ(target_.contents().size(), 5U);
  EXPECT_EQ(read_text(target_.store.path_of(testing::digest_of("two"))), "two");
}

TEST_F(ImportTest, ALibraryIsNotImported) {
  add("a.txt", "a");
  std::filesystem::create_directories(source_ / "library/objects");
  write_file(source_ / "library/catalog.db", "x");
  EXPECT_EQ(import().files, 1);
  EXPECT_EQ(skipped_["library"], "a damfs library");
}

TEST_F(ImportTest, TheSecondTimeReadsNothing) {
  for (int i = 0; i < 30; ++i) add("d/" + std::to_string(i), "bytes " + std::to_string(i));
  import();
  const int64_t change = target_.catalog().reader()->newest_change();
  const ImportReport again = import();
  EXPECT_EQ(again.bytes, 0);
  EXPECT_EQ(again.unchanged, 30);
  EXPECT_EQ(again.new_assets + again.copies + again.new_versions + again.known, 0);
  EXPECT_EQ(target_.catalog().reader()->newest_change(), change);
}

TEST_F(ImportTest, ATouchedFileIsReadAndFoundToBeThere) {
  add("a.txt", "a");
  import();
  std::filesystem::last_write_time(source_ / "a.txt",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(5));
  const ImportReport again = import();
  EXPECT_EQ(again.bytes, 1);
  EXPECT_EQ(again.known, 1);
  EXPECT_EQ(again.new_assets, 0);
  EXPECT_EQ(import().unchanged, 1);
  // Even one whose time no nanosecond reaches.
  const timespec times[] = {{.tv_sec = 13'569'465'600, .tv_nsec = 0}, {.tv_sec = 13'569'465'600, .tv_nsec = 0}};
  if (::utimensat(AT_FDCWD, (source_ / "a.txt").c_str(), times, 0) == 0) {
    EXPECT_EQ(import().known, 1);
    EXPECT_EQ(import().unchanged, 1);
  }
}

// A restored backup: same names, sizes and times, other inodes. Nothing but all of its bytes tells what it is.
TEST_F(ImportTest, AnotherInodeIsReadOnceMore) {
  add("a.txt", "a");
  import();
  const auto time = std::filesystem::last_write_time(source_ / "a.txt");
  std::filesystem::rename(source_ / "a.txt", scratch_ / "kept");
  add("a.txt", "a");
  std::filesystem::last_write_time(source_ / "a.txt", time);
  const ImportReport again = import();
  EXPECT_EQ(again.known, 1);
  EXPECT_EQ(again.bytes, 1);
  EXPECT_EQ(import().unchanged, 1);
  write_file(source_ / "a.txt", "b");
  std::filesystem::last_write_time(source_ / "a.txt", time);
  const ImportReport changed = import();
  EXPECT_EQ(changed.new_versions, 1);
  EXPECT_EQ(changed.bytes, 1);
}

TEST_F(ImportTest, TagsAndAlbumsReachKnownFilesToo) {
  add("a.txt", "a");
  import();
  add("b.txt", "b");
  ImportOptions options;
  options.tags = {"places/italy"};
  options.albums = {"Rome"};
  options.into = "2024/rome";
  const ImportReport report = import(options);
  EXPECT_EQ(report.unchanged, 1);
  EXPECT_EQ(report.new_assets, 1);
  const auto reader = target_.catalog().reader();
  for (const int64_t asset : {1, 2}) {
    EXPECT_EQ(reader->tag_paths(asset), std::vector<std::string>{"places/italy"}) << asset;
    EXPECT_EQ(reader->albums(asset).size(), 1U) << asset;
  }
  EXPECT_TRUE(target_.contents().contains("2024/rome/b.txt"));
}

TEST_F(ImportTest, ADryRunWritesNothing) {
  add("a.txt", "a");
  ImportOptions options;
  options.dry_run = true;
  options.tags = {"t"};
  const ImportReport report = import(options);
  EXPECT_EQ(report.files, 1);
  EXPECT_EQ(report.bytes, 0);
  EXPECT_EQ(target_.catalog().reader()->newest_change(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(target_.folder / "objects"));
}

TEST_F(ImportTest, WhatCannotBeReadIsNamedAndTheRestGoesOn) {
  add("a.txt", "a");
  add("secret/b.txt", "b");
  add("c.txt", "c");
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  std::filesystem::permissions(source_ / "secret", std::filesystem::perms::none);
  std::filesystem::permissions(source_ / "c.txt", std::filesystem::perms::none);
  const ImportReport report = import();
  std::filesystem::permissions(source_ / "secret", std::filesystem::perms::owner_all);
  EXPECT_EQ(report.new_assets, 1);
  EXPECT_EQ(report.failed, 2);
  EXPECT_TRUE(failed_.contains("secret"));
  EXPECT_TRUE(failed_.contains("c.txt"));
}

TEST_F(ImportTest, AMissingPathIsAFailureAndNoMore) {
  add("a.txt", "a");
  ImportOptions options;
  options.paths = {source_ / "nowhere", source_ / "a.txt"};
  const ImportReport report = import(options);
  EXPECT_EQ(report.failed, 1);
  EXPECT_EQ(report.new_assets, 1);
}

// Stopped again and again at other places, it ends where an undisturbed run ends, names and all.
TEST_F(ImportTest, StoppedAndCarriedOnEqualsUndisturbed) {
  for (int i = 0; i < 120; ++i) {
    add("d" + std::to_string(i % 7) + "/IMG_" + std::to_string(i % 30) + ".txt", "bytes " + std::to_string(i % 90));
    add("twice/IMG_" + std::to_string(i % 30) + ".bin",
        std::string(static_cast<size_t>(i) * 100, static_cast<char>('a' + i % 26)));
  }
  Target undisturbed;
  import_into(undisturbed);
  int runs = 0;
  for (bool stopped = true; stopped; ++runs) {
    ASSERT_LT(runs, 100);
    stop_ = false;
    ImportOptions options;
    options.paths = {source_};
    options.threads = 2;
    Import run({target_.catalog(), target_.store, target_.places, workers_}, options, {});
    // Stops once it has catalogued a little; the last run is left alone.
    std::atomic<bool> ended{false};
    std::thread stopper([&] {
      while (!ended && (runs >= 5 || run.progress().done_files < 12 * (runs + 1))) std::this_thread::yield();
      if (runs < 5) stop_ = true;
    });
    const ImportReport report = run.run(stop_);
    ended = true;
    stopper.join();
    stopped = report.stopped || runs < 5;
    EXPECT_EQ(report.failed, 0);
  }
  EXPECT_EQ(target_.contents(), undisturbed.contents());
  EXPECT_TRUE(undisturbed.problems().empty());
}

TEST(Walk, MeetsTheSameFilesInTheSameOrder) {
  const testing::ScratchFolder folder;
  for (const char* name : {"b/2", "b/1", "a", "B", "b.txt", "\xC3\xA4", "c/d/e"}) {
    const Path path = folder / name;
    std::filesystem::create_directories(path.parent_path());
    write_file(path, name);
  }
  const auto order = [&] {
    std::vector<std::string> met;
    WalkVisitor visitor;
    visitor.file = [&](const WalkedFile& file) {
      met.push_back(file.folder + "|" + file.name);
      return true;
    };
    EXPECT_TRUE(walk(folder / ".", visitor));
    return met;
  };
  EXPECT_EQ(order(), (std::vector<std::string>{"|B", "|a", "b|1", "b|2", "|b.txt", "c/d|e", "|\xC3\xA4"}));
  EXPECT_EQ(order(), order());
}

TEST(Walk, StopsWhenAVisitorSaysSo) {
  const testing::ScratchFolder folder;
  for (const char* name : {"a", "b", "c"}) write_file(folder / name, name);
  int met = 0;
  WalkVisitor visitor;
  visitor.file = [&](const WalkedFile&) { return ++met < 2; };
  EXPECT_FALSE(walk(folder / ".", visitor));
  EXPECT_EQ(met, 2);
}

}  // namespace
}  // namespace damfs
