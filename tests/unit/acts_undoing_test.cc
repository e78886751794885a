// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/undoing.h"

#include "catalog/acts/tagging.h"
#include "catalog/acts/trash.h"
#include "catalog/model/read/details.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

class UndoingTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(scratch_.problems().empty()); }

  void tag(const std::string& name, const std::vector<int64_t>& assets) {
    add_to_group(catalog(), {.uid = 7, .what = "tag " + name}, Grouping::kTag, name, assets);
  }
  std::vector<std::string> tags(int64_t asset) { return load_details(*catalog().reader(), asset).value().tags; }
  std::vector<std::string> names(WhichActs which, int64_t asset = 0, int64_t most = 100) {
    std::vector<std::string> all;
    for (const ActRow& row : list_acts(*catalog().reader(), asset, most, which)) all.push_back(row.what);
    return all;
  }
  void remove(const std::string& folder, const std::string& name) {
    catalog().write(Act{.uid = 7, .what = "rm"}, [&](Writer& writer) {
      writer.trash_entry(writer.entry_at(writer.ensure_folder(folder), name).value(), 7);
    });
  }
  std::vector<std::string> paths(int64_t asset) { return paths_of_asset(*catalog().reader(), asset); }
  Catalog& catalog() { return scratch_.catalog(); }

  using Names = std::vector<std::string>;
  testing::ScratchCatalog scratch_;
  const int64_t one_ = scratch_.file("one", "a", "one.jpg").asset;
  const int64_t two_ = scratch_.file("two", "a", "two.jpg").asset;
};

TEST_F(UndoingTest, TheNewestActIsTakenBackFirst) {
  tag("sea", {one_, two_});
  tag("sky", {one_});
  EXPECT_EQ(names(WhichActs::kUndoable), (Names{"tag sky", "tag sea"}));
  EXPECT_EQ(names(WhichActs::kAll, two_), Names{"tag sea"});
  EXPECT_EQ(names(WhichActs::kAll, 0, 1), Names{"tag sky"});
  const ActRow newest = act_to_undo(*catalog().reader(), {}).value();
  EXPECT_EQ(steps_of(*catalog().reader(), newest, 0, 10).size(), static_cast<size_t>(newest.steps));
  const auto undone = undo_act(catalog(), 8, newest);
  EXPECT_EQ(undone.left, 0);
  EXPECT_EQ(tags(one_), Names{"sea"});
  EXPECT_EQ(names(WhichActs::kUndoable), Names{"tag sea"});
  EXPECT_EQ(names(WhichActs::kAll).front(), "undo " + std::to_string(newest.id));
  EXPECT_EQ(act_to_undo(*catalog().reader(), {}).value().what, "tag sea");
  EXPECT_EQ(list_acts(*catalog().reader(), 0, 1).front().uid, 8);
}

TEST_F(UndoingTest, TryingKeepsNothing) {
  tag("sea", {one_});
  const auto undone = try_to_undo(catalog(), 7, act_to_undo(*catalog().reader(), {}).value());
  EXPECT_GT(undone.steps, 0);
  EXPECT_EQ(tags(one_), Names{"sea"});
  EXPECT_EQ(names(WhichActs::kAll), Names{"tag sea"});
}

TEST_F(UndoingTest, ThereMayBeNothingToTakeBack) {
  EXPECT_FALSE(act_to_undo(*catalog().reader(), {}));
  EXPECT_FALSE(act_to_undo(*catalog().reader(), 99));
}

TEST_F(UndoingTest, AnEarlierVersionBecomesTheNewestAgain) {
  EXPECT_FALSE(version_to_revert_to(*catalog().reader(), one_, {}));
  EXPECT_FALSE(version_to_revert_to(*catalog().reader(), 999, {}));
  const int64_t first = scratch_.asset(one_).row.version;
  catalog().write(
      [&](Writer& writer) { testing::seal_bytes(writer, "one, later", writer.ensure_folder("a"), "one.jpg"); });
  EXPECT_EQ(version_to_revert_to(*catalog().reader(), one_, {}), first);
  EXPECT_EQ(version_to_revert_to(*catalog().reader(), one_, 1), first);
  EXPECT_FALSE(version_to_revert_to(*catalog().reader(), one_, 9));
  const Act act{.uid = 7, .what = "revert"};
  EXPECT_TRUE(revert_asset(catalog(), act, one_, first));
  EXPECT_EQ(load_details(*catalog().reader(), one_).value().sha256, testing::digest_of("one"));
  EXPECT_FALSE(revert_asset(catalog(), act, one_, scratch_.asset(one_).row.version));
}

TEST_F(UndoingTest, TrashIsPutBackBesideWhatHasTheName) {
  remove("a", "one.jpg");
  const int64_t other = scratch_.file("another", "a", "one.jpg").asset;
  const auto reader_rows = list_trash(*catalog().reader());
  ASSERT_EQ(reader_rows.size(), 1U);
  EXPECT_EQ(path_before(reader_rows[0]), "a/one.jpg");
  EXPECT_EQ(find_trash(*catalog().reader(), {"one.jpg", "none.jpg"}).missing, "none.jpg");
  const auto found = find_trash(*catalog().reader(), {"one.jpg"});
  EXPECT_FALSE(found.missing);
  const auto restored = restore_trash(catalog(), {.uid = 7, .what = "restore"}, found.rows);
  ASSERT_EQ(restored.size(), 1U);
  EXPECT_EQ(restored[0].asset, one_);
  EXPECT_EQ(restored[0].path, "a/one~2.jpg");
  EXPECT_EQ(paths(one_), Names{"a/one~2.jpg"});
  EXPECT_EQ(paths(other), Names{"a/one.jpg"});
  EXPECT_TRUE(list_trash(*catalog().reader()).empty());
}

TEST_F(UndoingTest, EmptyingTheTrashCanBeTakenBack) {
  remove("a", "one.jpg");
  remove("a", "two.jpg");
  EXPECT_EQ(empty_trash(catalog(), {.uid = 7, .what = "trash empty"}), 2);
  EXPECT_TRUE(list_trash(*catalog().reader()).empty());
  undo_act(catalog(), 7, act_to_undo(*catalog().reader(), {}).value());
  EXPECT_EQ(list_trash(*catalog().reader()).size(), 2U);
}

}  // namespace
}  // namespace damfs
