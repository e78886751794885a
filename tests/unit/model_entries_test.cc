// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Names in originals/, versions and the trash: what plain tools' acts become in the catalog.

#include <algorithm>
#include <cerrno>
#include <map>
#include <random>

#include "catalog/base/error.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/purge.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::photo;
using testing::ScratchCatalog;

class EntriesTest : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const std::string& problem : scratch_.problems()) ADD_FAILURE() << problem;
  }

  Catalog& catalog() { return scratch_.catalog(); }
  int64_t file(const std::string& name) { return scratch_.file("bytes of " + name, "", name, photo(), {}).asset; }
  int64_t act(const std::function<void(Writer&)>& work) { return catalog().write({.uid = 7, .what = "act"}, work).act; }
  Writer::Undone undo(int64_t number) {
    Writer::Undone undone;
    catalog().write({.uid = 7, .what = "undo", .undoes = number},
                    [&](Writer& writer) { undone = writer.undo(number); });
    return undone;
  }
  static SealedFile sealed(Writer& writer, std::string_view bytes) {
    return {.version = writer.reserve_versions(1),
            .sha256 = digest_of(bytes),
            .size = static_cast<int64_t>(bytes.size()),
            .mtime_ns = 1'700'000'000'000'000'000};
  }

  // Every name in originals/, and the version that it shows.
  std::map<std::string, int64_t> names() {
    std::map<std::string, int64_t> found;
    walk(1, "", found);
    return found;
  }
  void walk(int64_t folder, const std::string& path, std::map<std::string, int64_t>& found) {
    std::vector<GroupRow> below;
    const auto reader = catalog().reader();
    reader->assets(Grouping::kFolder, folder, 0, [&](const AssetRow& row) {
      found[path + std::string(row.name)] = row.version;
      return true;
    });
    reader->groups(Grouping::kFolder, folder, 0, [&](const GroupRow& row) {
      below.push_back(row);
      return true;
    });
    for (const GroupRow& row : below) {
      found[path + row.name + "/"] = row.key;
      walk(row.key, path + row.name + "/", found);
    }
  }
  size_t found(std::string_view query) {
    size_t count = 0;
    search(*catalog().reader(), parse_query(query), 0, [&](int64_t) { return ++count != 0; });
    return count;
  }

  ScratchCatalog scratch_;
};

TEST_F(EntriesTest, WhatIsInTheTrashIsInNoOtherViewAndComesBackAsItWas) {
  const int64_t one = file("one.jpg");
  act([&](Writer& w) { w.add_tag(one, w.ensure_group(Grouping::kTag, "beach")); });
  const auto before = names();
  const int64_t removed = act([&](Writer& w) { w.trash_entry(*w.entry_at(1, "one.jpg"), 7); });
  EXPECT_TRUE(names().empty());
  EXPECT_EQ(found("tag:beach"), 0U);
  EXPECT_EQ(found("one"), 0U);
  EXPECT_EQ(found("type:image"), 0U);
  EXPECT_EQ(catalog().reader()->totals().assets, 0);
  EXPECT_EQ(catalog().reader()->asset(one)->row.state, AssetState::kTrashed);
  EXPECT_EQ(undo(removed).left, 0);
  EXPECT_EQ(names(), before);
  EXPECT_EQ(found("tag:beach"), 1U);
}

TEST_F(EntriesTest, SavingOverIsANewVersionAndRevertingOneMore) {
  const int64_t one = file("one.jpg");
  const int64_t first = catalog().reader()->asset(one)->row.version;
  const int64_t saved = act([&](Writer& w) { w.seal(sealed(w, "second"), 1, "one.jpg"); });
  EXPECT_EQ(catalog().reader()->versions(one).size(), 2U);
  const int64_t second = catalog().reader()->asset(one)->row.version;
  EXPECT_NE(second, first);
  act([&](Writer& w) { EXPECT_TRUE(w.revert(one, first)); });
  EXPECT_EQ(catalog().reader()->versions(one).size(), 3U);
  EXPECT_EQ(catalog().reader()->bytes_of_version(catalog().reader()->asset(one)->row.version)->sha256,
            digest_of("bytes of one.jpg"));
  EXPECT_EQ(undo(saved).left, 1) << "it was changed again since";
}

// An editor's new file, catalogued under a name that did not look temporary, replaces the one it was made from.
TEST_F(EntriesTest, AFileRenamedOverAnotherBecomesItsNewVersionWithItsTags) {
  const int64_t one = file("one.jpg");
  act([&](Writer& w) { w.add_tag(one, w.ensure_group(Grouping::kTag, "beach")); });
  const int64_t other = file("other.jpg");
  const int64_t version = catalog().reader()->asset(other)->row.version;
  const auto before = names();
  const int64_t renamed =
      act([&](Writer& w) { w.replace_entry_by(*w.entry_at(1, "one.jpg"), *w.entry_at(1, "other.jpg")); });
  EXPECT_EQ(names(), (std::map<std::string, int64_t>{{"one.jpg", version}})) << "the inode that the kernel has moved";
  EXPECT_EQ(found("tag:beach"), 1U);
  EXPECT_EQ(catalog().reader()->versions(one).size(), 2U);
  EXPECT_EQ(undo(renamed).left, 0);
  EXPECT_EQ(names(), before);
}

TEST_F(EntriesTest, OneOfSeveralNamesSavedOverShowsInAll) {
  const int64_t one = file("one.jpg");
  act([&](Writer& w) { w.add_entry(1, "same.jpg", one); });
  act([&](Writer& w) { w.seal(sealed(w, "second"), 1, "same.jpg"); });
  EXPECT_EQ(names().at("same.jpg"), names().at("one.jpg"));
  // Until version 9 equal bytes were names of one asset: what its owner had made were several files.
  act([&](Writer& w) {
    w.database().execute("UPDATE asset SET names_part = 1");
    w.seal(sealed(w, "third"), 1, "same.jpg");
  });
  const auto now = names();
  EXPECT_EQ(now.at("one.jpg"), catalog().reader()->asset(one)->row.version);
  EXPECT_NE(now.at("same.jpg"), now.at("one.jpg"));
}

TEST_F(EntriesTest, FilesWithEqualBytesAreNotOneFile) {
  act([&](Writer& w) {
    w.seal(sealed(w, ""), 1, "a.lock");
    w.seal(sealed(w, ""), 1, "b.lock");
    w.seal(sealed(w, "known"), 1, "a.txt");
    w.seal(sealed(w, "known"), 1, "b.txt");
  });
  const auto now = names();
  EXPECT_NE(now.at("a.lock"), now.at("b.lock"));
  EXPECT_NE(now.at("a.txt"), now.at("b.txt"));
  const auto reader = catalog().reader();
  EXPECT_EQ(reader->totals().copies, 1) << "of what is empty nothing is a copy";
}

// Scenario: `(a; b) > file` closes the file twice, and is one version all the same.
TEST_F(EntriesTest, AFileThatGoesOnBeingWrittenIsStillTheSameVersion) {
  SealedFile state;
  act([&](Writer& w) { w.seal(state = sealed(w, "half"), 1, "log.txt"); });
  state.sha256 = digest_of("half and half");
  state.size = 13;
  act([&](Writer& w) { w.seal(state, 1, "log.txt"); });
  EXPECT_EQ(names().at("log.txt"), state.version);
  EXPECT_EQ(catalog().reader()->version(state.version)->row.size, 13);
  EXPECT_EQ(catalog().reader()->totals().blobs, 1) << "the half is nobody's";
}

TEST_F(EntriesTest, OnlyAPurgeForgetsAndALockKeepsFromIt) {
  file("free.jpg");
  const int64_t locked = file("locked.jpg");
  act([&](Writer& w) {
    w.set_attribute(locked, kLockAttribute, "2999-01-01");
    w.trash_entry(*w.entry_at(1, "free.jpg"), 7);
    w.trash_entry(*w.entry_at(1, "locked.jpg"), 7);
  });
  const auto wanted = purgeable_trash(*catalog().reader(), INT64_MAX);
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_TRUE(wanted[0].locked_until.empty());
  EXPECT_EQ(wanted[0].bytes, 17);
  EXPECT_EQ(wanted[1].locked_until, "2999-01-01");
  const int64_t blobs = catalog().reader()->totals().blobs;
  catalog().write([&](Writer& w) { w.purge_asset(wanted[0].asset); });
  EXPECT_EQ(catalog().reader()->totals().blobs, blobs - 1);
  EXPECT_FALSE(catalog().reader()->has_blob(digest_of("bytes of free.jpg")));
}

// Hundreds of random acts, and all of them taken back in turn: every name shows what it showed.
TEST_F(EntriesTest, ALongHistoryOfNamesIsTakenBackToItsBeginning) {
  for (int i = 0; i < 8; ++i) file(fmt::format("{}.jpg", i));
  std::mt19937 random(5);
  const auto any = [&](size_t below) { return static_cast<size_t>(random() % below); };
  const auto before = names();
  std::vector<int64_t> numbers;
  int made = 0;
  for (int i = 0; i < 500; ++i) {
    const auto now = names();
    auto at = now.begin();
    if (!now.empty()) std::advance(at, any(now.size()));
    const bool is_file = !now.empty() && !at->first.ends_with('/');
    const std::string path = now.empty() ? "" : at->first.substr(0, at->first.find('/') + 1);
    try {
      const int64_t number = act([&](Writer& w) {
        const int64_t folder = path.empty() ? 1 : w.ensure_folder(path.substr(0, path.size() - 1));
        const std::string name = is_file ? at->first.substr(path.size()) : "";
        const std::string other = fmt::format("n{}", any(12));
        switch (any(7)) {
          case 0: w.make_group(Grouping::kFolder, 1, fmt::format("d{}", any(3))); break;
          case 1:
            if (is_file) w.move_entry(*w.entry_at(folder, name), 1, fmt::format("m{}", ++made));
            break;
          case 2:
            if (is_file) w.trash_entry(*w.entry_at(folder, name), 7);
            break;
          case 3:
            if (is_file) w.add_entry(folder, other, w.entry_at(folder, name)->asset);
            break;
          case 4:
            if (is_file) w.seal(sealed(w, fmt::format("state {}", ++made)), folder, name);
            break;
          case 5:
            if (is_file && w.entry_at(1, other)) w.replace_entry_by(*w.entry_at(1, other), *w.entry_at(folder, name));
            break;
          default:
            if (!is_file && !path.empty()) w.remove_group(Grouping::kFolder, at->second);
        }
      });
      if (number != 0) numbers.push_back(number);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == EEXIST || error.code() == ENOTEMPTY || error.code() == EISDIR) << error.what();
    }
  }
  EXPECT_GT(numbers.size(), 150U);
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) EXPECT_EQ(undo(*number).left, 0) << *number;
  EXPECT_EQ(names(), before);
}

}  // namespace
}  // namespace damfs
