// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <random>

#include "catalog/model/read/check.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/shown_copies.h"
#include "catalog/model/write/writer.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::seal_bytes;

class CopiesTest : public ::testing::Test {
 protected:
  int64_t file(const std::string& path, const std::string& text, const Ownership& ownership = {}) {
    int64_t asset = 0;
    write([&](Writer& writer) {
      const size_t slash = path.rfind('/');
      const int64_t folder = writer.ensure_folder(path.substr(0, slash));
      asset = seal_bytes(writer, text, folder, path.substr(slash + 1), 1'700'000'000'000'000'000, ownership).asset;
    });
    return asset;
  }
  void write(const std::function<void(Writer&)>& work) { scratch_.catalog().write(work); }
  void remove(const std::string& path) {
    write([&](Writer& writer) {
      const size_t slash = path.rfind('/');
      writer.trash_entry(*writer.entry_at(writer.ensure_folder(path.substr(0, slash)), path.substr(slash + 1)), 0);
    });
  }
  std::vector<int64_t> ids(Grouping grouping, int64_t key) {
    std::vector<int64_t> found;
    scratch_.catalog().reader()->assets(grouping, key, 0, [&](const AssetRow& row) {
      found.push_back(row.id);
      return true;
    });
    return found;
  }
  std::vector<int64_t> shown() { return ids(Grouping::kKind, static_cast<int64_t>(Kind::kOther)); }
  std::vector<int64_t> found(const Criteria& criteria) {
    std::vector<int64_t> found;
    const auto reader = scratch_.catalog().reader();
    search(*reader, criteria, 0, [&](int64_t asset) {
      found.push_back(asset);
      return true;
    });
    for (int64_t id = 1; id <= reader->newest_asset(); ++id) {
      const auto asset = reader->asset(id);
      if (!asset || asset->row.state != AssetState::kLive) continue;
      EXPECT_EQ(matches(*reader, criteria, *asset), std::count(found.begin(), found.end(), id) == 1) << id;
    }
    return found;
  }
  std::vector<int64_t> found(const std::string& query) { return found({{}, parse_query(query)}); }

  testing::ScratchCatalog scratch_;
};

using Ids = std::vector<int64_t>;

TEST_F(CopiesTest, TheOldestStandsForThemUntilItLeaves) {
  const int64_t first = file("a/x.bin", "same");
  const int64_t other = file("a/other.bin", "other");
  const int64_t second = file("b/y.bin", "same");
  const int64_t third = file("c/z.bin", "same");
  EXPECT_EQ(shown(), (Ids{first, other}));
  EXPECT_EQ(ids(Grouping::kRecent, 0), (Ids{first, other}));
  EXPECT_EQ(scratch_.catalog().reader()->totals().assets, 4);
  EXPECT_EQ(scratch_.catalog().reader()->totals().copies, 2);
  remove("a/x.bin");
  EXPECT_EQ(shown(), (Ids{other, second}));
  // Saved over, it stands for itself.
  file("b/y.bin", "another");
  EXPECT_EQ(shown(), (Ids{other, second, third}));
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
}

TEST_F(CopiesTest, WhatIsUndoneStandsAsBefore) {
  const int64_t first = file("a/x.bin", "same");
  file("b/y.bin", "same");
  Written written = scratch_.catalog().write({.act = Act{.uid = 0, .what = "rm"}}, [&](Writer& writer) {
    writer.trash_entry(*writer.entry_at(writer.ensure_folder("a"), "x.bin"), 0);
  });
  EXPECT_NE(shown(), Ids{first});
  scratch_.catalog().write({.act = Act{.uid = 0, .what = "undo"}},
                           [&](Writer& writer) { EXPECT_EQ(writer.undo(written.act).left, 0); });
  EXPECT_EQ(shown(), Ids{first});
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
}

TEST_F(CopiesTest, WhatOthersMayNotSeeIsNobodysCopy) {
  const int64_t first = file("a/x.bin", "same");
  const int64_t others = file("b/x.bin", "same", {.mode = {}, .uid = 1000, .gid = {}});
  const int64_t closed = file("c/x.bin", "same", {.mode = 0600, .uid = {}, .gid = {}});
  const int64_t behind = file("d/e/x.bin", "same");
  EXPECT_EQ(shown(), (Ids{first, others, closed}));
  write([](Writer& writer) { writer.set_folder(writer.ensure_folder("d"), {.mode = 0700, .uid = {}, .gid = {}}, {}); });
  EXPECT_EQ(shown(), (Ids{first, others, closed, behind}));
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
  // Out of the folder that was shut, with all that is below it.
  write([](Writer& writer) { writer.move_group(Grouping::kFolder, writer.ensure_folder("d/e"), "free"); });
  EXPECT_EQ(shown(), (Ids{first, others, closed}));
  write([&](Writer& writer) { writer.set_ownership(closed, {.mode = 0644, .uid = {}, .gid = {}}); });
  EXPECT_EQ(shown(), (Ids{first, others}));
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
}

TEST_F(CopiesTest, StandSideBySideInDuplicates) {
  const int64_t first = file("a/x.bin", "same");
  EXPECT_EQ(scratch_.catalog().reader()->find_group(Grouping::kDuplicates, 0, digest_of("same").hex()), std::nullopt);
  const int64_t names = scratch_.asset(first).row.names;
  const int64_t others = file("b/x.bin", "same", {.mode = {}, .uid = 1000, .gid = {}});
  EXPECT_EQ(scratch_.asset(first).row.names, names) << "what others have is not to be told by a number";
  const int64_t own = file("c/x.bin", "same");
  file("empty/a", "");
  file("empty/b", "");
  const auto group = scratch_.catalog().reader()->find_group(Grouping::kDuplicates, 0, digest_of("same").hex());
  ASSERT_TRUE(group);
  EXPECT_EQ(ids(Grouping::kDuplicates, group->key), (Ids{first, others, own}));
  EXPECT_EQ(scratch_.asset(first).row.names, names + 1);
  int listed = 0;
  scratch_.catalog().reader()->groups(Grouping::kDuplicates, 0, 0, [&](const GroupRow& row) {
    EXPECT_EQ(row.name, digest_of("same").hex());
    ++listed;
    return true;
  });
  EXPECT_EQ(listed, 1);
  remove("c/x.bin");
  remove("b/x.bin");
  EXPECT_FALSE(scratch_.catalog().reader()->group(Grouping::kDuplicates, group->key));
  EXPECT_EQ(scratch_.asset(first).row.names, names);
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
}

TEST_F(CopiesTest, ASearchShowsTheOldestForWhichItHolds) {
  const int64_t first = file("a/x.bin", "same");
  const int64_t second = file("b/y.bin", "same");
  const int64_t third = file("c/z.bin", "same");
  write([&](Writer& writer) {
    const int64_t tag = writer.ensure_group(Grouping::kTag, "t");
    writer.add_tag(second, tag);
    writer.add_tag(third, tag);
  });
  EXPECT_EQ(found("type:other"), Ids{first});
  EXPECT_EQ(found("tag:t"), Ids{second});
  EXPECT_EQ(found("-tag:t"), Ids{first});
  EXPECT_EQ(found("path:c"), Ids{third});
  EXPECT_EQ(found("z"), Ids{third});
  EXPECT_EQ(found({{}, parse_query("tag:t"), true}), (Ids{second, third}));
}

// Whatever happens to files with few different contents, what is counted is what is there.
class RandomActs : public CopiesTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(RandomActs, HoldWhatTheyCountThroughAnything) {
  std::mt19937 random(GetParam());
  const auto any = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<int64_t> acts;
  for (int step = 0; step < 300; ++step) {
    if (step % 40 == 39) show_copies(scratch_.catalog(), any(2) == 0);
    const std::string folder = "f" + std::to_string(any(3));
    const std::string name = "n" + std::to_string(any(4));
    const Written written = scratch_.catalog().write({.act = Act{.uid = 0, .what = "test"}}, [&](Writer& writer) {
      const int64_t in = writer.ensure_folder(folder);
      const auto entry = writer.entry_at(in, name);
      switch (any(7)) {
        case 0:
        case 1: {
          const std::string text = "content " + std::to_string(any(2));
          const int64_t mtime_ns = 1'700'000'000'000'000'000 + any(3) * 86'400'000'000'000;
          seal_bytes(writer, text, in, name, mtime_ns);
          break;
        }
        case 2:
          if (entry) writer.trash_entry(*entry, 0);
          break;
        case 3: writer.set_folder(in, {.mode = any(2) == 0 ? 0700 : 0755, .uid = {}, .gid = {}}, {}); break;
        case 4:
          if (entry) writer.set_ownership(entry->asset, {.mode = any(2) == 0 ? 0600 : 0644, .uid = any(2), .gid = {}});
          break;
        case 5: {
          const int64_t to = writer.ensure_folder("f" + std::to_string(any(3)));
          const auto over = writer.entry_at(to, "n0");
          if (entry && over && over->id != entry->id) {
            writer.replace_entry_by(*over, *entry);
          } else if (entry && !over) {
            writer.add_entry(to, "n0", entry->asset);
          }
          break;
        }
        case 6:
          if (!acts.empty()) writer.undo(acts[static_cast<size_t>(any(static_cast<int>(acts.size())))]);
          break;
        default: break;
      }
    });
    if (written.act != 0) acts.push_back(written.act);
    ASSERT_EQ(scratch_.problems(), std::vector<std::string>()) << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Copies, RandomActs, ::testing::Range(1U, 5U));

TEST_F(CopiesTest, AreAllShownWhereThatIsWished) {
  const std::vector<int64_t> copies = {file("a/one", "same"), file("a/two", "same"), file("b/three", "same")};
  const std::vector<int64_t> oldest = {copies.front()};
  EXPECT_EQ(shown(), oldest);
  show_copies(scratch_.catalog(), true);
  EXPECT_EQ(shown(), copies);
  EXPECT_EQ(found(Criteria{}), copies);
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
  const int64_t fourth = file("b/four", "same");  // by whoever knows nothing of the setting
  EXPECT_EQ(shown().back(), fourth);
  show_copies(scratch_.catalog(), false);
  EXPECT_EQ(shown(), oldest);
  EXPECT_EQ(found(Criteria{}), oldest);
  EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
}

TEST_F(CopiesTest, AreShownAndHiddenToTheEndByTheNextWhoIsAsked) {
  const std::vector<int64_t> copies = {file("a/one", "same"), file("a/two", "same")};
  for (const bool show : {true, false}) {
    write([&](Writer& writer) { writer.begin_to_show_copies(show); });  // and no more: it was killed
    show_copies(scratch_.catalog(), show);
    EXPECT_EQ(shown().size(), show ? copies.size() : 1);
    EXPECT_EQ(scratch_.problems(), std::vector<std::string>());
  }
}

}  // namespace
}  // namespace damfs
