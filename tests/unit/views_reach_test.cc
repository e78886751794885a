// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/library.h"
#include "views/frame/asker.h"
#include "views/frame/last_error.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::ScratchTree;

constexpr uint32_t kOwner = 1000, kOwnersGroup = 1000, kStranger = 2000, kStrangersGroup = 2000, kFriends = 3000;

Asker stranger(std::vector<uint32_t> groups = {}) {
  return {kStranger, kStrangersGroup, kOwner, kOwnersGroup, [groups] { return groups; }};
}

TEST(Asker, FirstClassThatAppliesDecides) {
  using Right = Asker::Right;
  EXPECT_TRUE(stranger().may(Right::kRead, {}, 0644));
  EXPECT_FALSE(stranger().may(Right::kRead, {0640, {}, {}}, 0644));
  EXPECT_TRUE(stranger().may(Right::kRead, {0600, kStranger, {}}, 0644));
  EXPECT_FALSE(stranger().may(Right::kRead, {0044, kStranger, {}}, 0644));
  EXPECT_TRUE(stranger().may(Right::kRead, {0640, {}, kStrangersGroup}, 0644));
  EXPECT_FALSE(stranger().may(Right::kRead, {0640, {}, kFriends}, 0644));
  EXPECT_TRUE(stranger({7, kFriends}).may(Right::kRead, {0640, {}, kFriends}, 0644));
  EXPECT_FALSE(stranger({kFriends}).may(Right::kRead, {0604, {}, kFriends}, 0644));  // shut out by the group
  EXPECT_TRUE(stranger({kOwnersGroup}).may(Right::kRead, {0640, {}, {}}, 0644));
  EXPECT_TRUE(stranger().may(Right::kSearch, {0711, {}, {}}, 0755));
  EXPECT_FALSE(stranger().may(Right::kSearch, {0744, {}, {}}, 0755));
}

TEST(Asker, GroupsAreAskedForOnlyWhereTheyMatter) {
  int asked = 0;
  const Asker asker(kStranger, kStrangersGroup, kOwner, kOwnersGroup, [&asked] {
    ++asked;
    return std::vector<uint32_t>{kFriends};
  });
  EXPECT_TRUE(asker.may(Asker::Right::kRead, {}, 0644));
  EXPECT_FALSE(asker.may(Asker::Right::kRead, {0600, {}, {}}, 0644));
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(asker.may(Asker::Right::kRead, {0640, {}, kFriends}, 0644));
  EXPECT_TRUE(asker.may(Asker::Right::kRead, {0640, {}, kFriends}, 0644));
  EXPECT_EQ(asked, 1);
}

class ReachTest : public ::testing::Test {
 protected:
  void SetUp() override {
    photo_ = tree_.file("photo", "open", "photo.jpg").asset;
    inside_ = tree_.file("inside", "open/shut/deep", "inside.jpg").asset;
  }
  void set(std::string_view folder, const Ownership& ownership) {
    tree_.catalog().write([&](Writer& writer) { writer.set_folder(writer.ensure_folder(folder), ownership, {}); });
  }
  void set(int64_t asset, const Ownership& ownership) {
    tree_.catalog().write([&](Writer& writer) { writer.set_ownership(asset, ownership); });
  }
  bool shows(std::string_view path, Wanted wanted = Wanted::kBytes, const Asker& asker = stranger()) {
    const NodeRef node = at_path(tree_.tree, path);
    EXPECT_TRUE(node) << path;
    return node && tree_.tree.shows(*node, asker, wanted);
  }

  ScratchTree tree_{"damfs-fake-worker"};
  int64_t photo_ = 0, inside_ = 0;
};

TEST_F(ReachTest, EveryFolderAboveCounts) {
  EXPECT_TRUE(shows("recent/inside.jpg"));
  set("open/shut", {0700, {}, {}});
  EXPECT_FALSE(shows("recent/inside.jpg"));
  EXPECT_FALSE(shows("recent/inside.jpg", Wanted::kName));
  EXPECT_FALSE(shows("originals/open/shut/deep"));
  EXPECT_TRUE(shows("recent/photo.jpg"));
  set("open/shut", {0710, {}, kFriends});
  EXPECT_FALSE(shows("recent/inside.jpg"));
  EXPECT_TRUE(shows("recent/inside.jpg", Wanted::kBytes, stranger({kFriends})));
  set("open/shut", {0711, {}, {}});
  EXPECT_TRUE(shows("recent/inside.jpg"));
}

TEST_F(ReachTest, NameMayBeKnownWhereBytesMayNot) {
  set(photo_, {0600, {}, {}});
  EXPECT_FALSE(shows("recent/photo.jpg"));
  EXPECT_TRUE(shows("recent/photo.jpg", Wanted::kName));
}

TEST_F(ReachTest, OneOfItsNamesIsEnough) {
  set("open/shut", {0700, {}, {}});
  tree_.catalog().write([&](Writer& writer) { writer.add_entry(writer.ensure_folder("open"), "also.jpg", inside_); });
  EXPECT_TRUE(shows("recent/inside.jpg"));
}

TEST_F(ReachTest, WhatWasRemovedIsForWhoRemovedIt) {
  const auto remove = [&](std::string_view folder, std::string_view name, uint32_t uid) {
    tree_.catalog().write(
        [&](Writer& writer) { writer.trash_entry(*writer.entry_at(writer.ensure_folder(folder), name), uid); });
  };
  remove("open", "photo.jpg", kOwner);
  EXPECT_FALSE(shows("trash/photo.jpg"));
  EXPECT_FALSE(shows("trash"));
  remove("open/shut/deep", "inside.jpg", kStranger);
  EXPECT_TRUE(shows(".Trash-2000/files/inside.jpg"));
  EXPECT_TRUE(shows(".Trash-2000/info/inside.jpg.trashinfo"));
  EXPECT_FALSE(shows(".Trash-1000/files"));
  EXPECT_FALSE(shows(".Trash-1000/info/photo.jpg.trashinfo"));
}

TEST_F(ReachTest, WhatIsBeingWrittenIsItsWritersAndItsFolders) {
  const Actor writer{.uid = kStranger, .gid = kStrangersGroup, .program = 1, .name = "cp", .is_owner = false};
  const Actor owner{.uid = kOwner, .gid = kOwnersGroup, .program = 2, .name = "cp"};
  set("open/shut", {0700, {}, {}});
  const auto create = [&](std::string_view folder, std::string_view name, const Actor& by) {
    return at_path(tree_.tree, folder)->create(by, EntryName(name), 0644);
  };
  const auto theirs = create("originals/open/shut", "theirs.tmp", writer);
  const auto shut = create("originals/open/shut", "shut.tmp", owner);
  const auto open = create("originals/open", "open.tmp", owner);
  EXPECT_TRUE(tree_.tree.shows(*theirs.node, stranger(), Wanted::kBytes));
  EXPECT_FALSE(tree_.tree.shows(*shut.node, stranger(), Wanted::kBytes));
  EXPECT_TRUE(tree_.tree.shows(*open.node, stranger(), Wanted::kBytes));
  for (const auto& [created, by] : {std::pair(theirs, writer), {shut, owner}, {open, owner}}) {
    created.content->close(by, [](int error) { EXPECT_EQ(error, 0); });
  }
}

TEST(LastError, IsToldToWhomItWas) {
  LastError errors;
  {
    const Asking asking(kStranger);
    errors.note("yours");
    EXPECT_NE(errors.line().find("yours"), std::string::npos);
  }
  const Asking asking(kFriends);
  EXPECT_EQ(errors.line(), "");
}

TEST(LastError, ManyAskersTakeNoMoreRoom) {
  LastError errors;
  for (uint32_t uid = 1; uid <= 100'000; ++uid) {
    const Asking asking(uid);
    errors.note("no");
  }
  const Asking first(1);
  EXPECT_EQ(errors.line(), "");
}

}  // namespace
}  // namespace damfs
