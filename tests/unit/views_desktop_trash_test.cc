// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cerrno>

#include "catalog/base/error.h"
#include "tests/support/library.h"
#include "views/trash/desktop_trash.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::list_all;
using testing::ScratchTree;

const Actor kUser{.uid = 1000, .gid = 1000, .program = 7, .name = "desktop"};

std::set<std::string> names_in(const Tree& tree, std::string_view path) {
  std::set<std::string> names;
  for (const auto& each : list_all(*at_path(tree, path), 2)) names.insert(each.name);
  return names;
}

std::string text_of(const Node& file) {
  struct Answer final : ReadAnswer {
    void bytes(std::span<const std::byte> data) override {
      text.assign(reinterpret_cast<const char*>(data.data()), data.size());
    }
    void slice(int, uint64_t, size_t) override {}
    void fail(int) override {}
    std::string text;
  };
  const auto answer = std::make_shared<Answer>();
  file.open({})->read(0, 1 << 20, answer);
  return answer->text;
}

class DesktopTrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    tree_.file("one", "2024/trip", "a.jpg");
    tree_.file("two", "2024/trip/deep", "a.jpg");
    tree_.file("three", "2024", "ünd so.jpg");
  }
  void TearDown() override {
    for (const std::string& problem : tree_.problems()) ADD_FAILURE() << problem;
  }

  NodeRef at(std::string_view path) { return at_path(tree_.tree, path); }
  NodeRef files() { return at(".Trash-1000/files"); }
  NodeRef info() { return at(".Trash-1000/info"); }
  void move(std::string_view folder, std::string_view name, const Node& to_folder, std::string_view to) {
    at(folder)->rename(kUser, EntryName(name), to_folder, EntryName(to), Node::Replace::kAllowed);
  }
  Node::Created write_info(std::string_view name, std::string_view text) {
    auto created = info()->create(kUser, EntryName(name), 0600);
    created.content->write(0, std::as_bytes(std::span(text)), [](int error) { EXPECT_EQ(error, 0); });
    created.content->close(kUser, [](int error) { EXPECT_EQ(error, 0); });
    return created;
  }

  ScratchTree tree_{"damfs-fake-worker"};
};

TEST_F(DesktopTrashTest, IsThereForWhoeverAsks) {
  for (const char* path : {".Trash-0", ".Trash-1000", ".Trash-4294967295"}) {
    const auto attributes = at(path)->attributes();
    ASSERT_TRUE(attributes) << path;
    EXPECT_EQ(attributes->mode, 0040700U);
    EXPECT_EQ(std::to_string(attributes->uid.value()), std::string(path).substr(7));
    for (const char* part : {"files", "info", "expunged"}) {
      const NodeRef folder = at(std::string(path) + "/" + part);
      ASSERT_TRUE(folder);
      EXPECT_EQ(folder->attributes()->uid, attributes->uid);
      EXPECT_EQ(folder->parent(), attributes->node);
      EXPECT_EQ(tree_.tree.node(folder->id())->id(), folder->id());
    }
  }
  for (const char* none :
       {".Trash", ".Trash-", ".Trash-01", ".Trash-x", ".Trash-4294967296", ".Trash--1", ".Trash-1 "}) {
    EXPECT_FALSE(at(none)) << none;
  }
  EXPECT_FALSE(names_in(tree_.tree, "").contains(".Trash-1000"));
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000"), (std::set<std::string>{"files", "info", "expunged"}));
  EXPECT_EQ(testing::refusal([&] { at(".Trash-1000")->mkdir(kUser, EntryName("files"), 0700); }), EEXIST);
}

TEST_F(DesktopTrashTest, TrashesAndRestoresAsDesktopsDo) {
  const NodeId inode = at("originals/2024/ünd so.jpg")->id();
  const auto note = write_info("mine.jpg.trashinfo", "[Trash Info]\n");
  EXPECT_EQ(text_of(*info()->lookup(EntryName("mine.jpg.trashinfo"))), "[Trash Info]\n");
  EXPECT_EQ(tree_.tree.node(note.node->id())->attributes()->size, 13U);
  EXPECT_FALSE(note.node->attributes()->is_cacheable);

  move("originals/2024", "ünd so.jpg", *files(), "mine.jpg");
  EXPECT_FALSE(at("originals/2024/ünd so.jpg"));
  EXPECT_FALSE(at(".Trash-0/files/mine.jpg"));  // it is another's
  EXPECT_TRUE(names_in(tree_.tree, ".Trash-0/files").empty());
  EXPECT_FALSE(at(".Trash-0/info/mine.jpg.trashinfo"));
  EXPECT_EQ(testing::refusal([&] { at(".Trash-0/files")->unlink(kUser, EntryName("mine.jpg")); }), ENOENT);
  for (const char* path : {".Trash-1000/files/mine.jpg", "trash/mine.jpg"}) {
    ASSERT_TRUE(at(path)) << path;
    EXPECT_EQ(at(path)->id(), inode) << path;
  }
  const NodeRef told = at(".Trash-1000/info/mine.jpg.trashinfo");
  ASSERT_TRUE(told);
  const std::string text = text_of(*told);
  const std::string_view head = "[Trash Info]\nPath=originals/2024/%C3%BCnd%20so.jpg\nDeletionDate=";
  EXPECT_TRUE(text.starts_with(head)) << text;
  EXPECT_EQ(text.size(), head.size() + std::string_view("2024-05-17T12:30:45\n").size());
  EXPECT_EQ(told->attributes()->size, text.size());
  EXPECT_EQ(tree_.tree.node(told->id())->attributes()->size, text.size());
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000/info"), std::set<std::string>{"mine.jpg.trashinfo"});
  EXPECT_FALSE(info()->lookup(EntryName(".trashinfo")));

  info()->unlink(kUser, EntryName("mine.jpg.trashinfo"));
  EXPECT_TRUE(at(".Trash-1000/info/mine.jpg.trashinfo"));
  files()->rename(kUser, EntryName("mine.jpg"), *at("originals/2024"), EntryName("back.jpg"), Node::Replace::kAllowed);
  EXPECT_EQ(at("originals/2024/back.jpg")->id(), inode);
  EXPECT_TRUE(names_in(tree_.tree, ".Trash-1000/files").empty());
  EXPECT_TRUE(names_in(tree_.tree, ".Trash-1000/info").empty());
}

TEST_F(DesktopTrashTest, ANameThatIsTakenIsNotLost) {
  move("originals/2024/trip", "a.jpg", *files(), "a.jpg");
  EXPECT_EQ(testing::refusal([&] {
              at("originals/2024/trip/deep")
                  ->rename(kUser, EntryName("a.jpg"), *files(), EntryName("a.jpg"), Node::Replace::kNever);
            }),
            EEXIST);
  EXPECT_EQ(testing::refusal([&] { write_info("a.jpg.trashinfo", "x"); }), EEXIST);
  const int64_t since = tree_.tree.newest_change();
  write_info("A.JPG.trashinfo", "x");
  move("originals/2024/trip/deep", "a.jpg", *files(), "A.JPG");
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000/files"), (std::set<std::string>{"a.jpg", "A~2.JPG"}));
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000/info"), (std::set<std::string>{"a.jpg.trashinfo", "A~2.JPG.trashinfo"}));
  // The kernel was told that it is called as was asked, and must hear that it is not.
  bool is_told = false;
  for (const Stale& stale : tree_.tree.news(since, [](NodeId) { return true; }).stale) {
    is_told = is_told || (stale.what == Stale::What::kEntry && stale.node == files()->id() && stale.name == "A.JPG");
  }
  EXPECT_TRUE(is_told);
}

TEST_F(DesktopTrashTest, AFolderIsAllThatIsInIt) {
  write_info("trip.trashinfo", "x");
  move("originals/2024", "trip", *files(), "trip");
  EXPECT_FALSE(at("originals/2024/trip"));
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000/files"), (std::set<std::string>{"a.jpg", "a~2.jpg"}));
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000/info"), (std::set<std::string>{"a.jpg.trashinfo", "a~2.jpg.trashinfo"}));
  const std::string deep = text_of(*at(".Trash-1000/info/a~2.jpg.trashinfo"));
  EXPECT_NE(deep.find("Path=originals/2024/trip/deep/a.jpg\n"), deep.npos) << deep;
  // One act, which can be taken back whole.
  int64_t act = 0;
  tree_.catalog().write([&](Writer& writer) { act = writer.database().integer("SELECT max(id) FROM act"); });
  Act undo{.uid = 1000, .what = "undo"};
  tree_.catalog().write(WriteRequest{.act = undo, .durability = Durability::kSoon, .before_commit = {}},
                        [&](Writer& writer) { EXPECT_EQ(writer.undo(act).left, 0); });
  EXPECT_TRUE(at("originals/2024/trip/a.jpg"));
  EXPECT_TRUE(at("originals/2024/trip/deep/a.jpg"));
  EXPECT_TRUE(names_in(tree_.tree, "trash").empty());
}

TEST_F(DesktopTrashTest, WhatIsNotCataloguedKeepsAFolder) {
  auto part = at("originals/2024/trip")->create(kUser, EntryName("film.mp4.part"), 0644);
  part.content->write(0, std::as_bytes(std::span("half", 4)), [](int error) { EXPECT_EQ(error, 0); });
  EXPECT_EQ(testing::refusal([&] { move("originals/2024", "trip", *files(), "trip"); }), EBUSY);
  part.content->close(kUser, [](int) {});
  part = {};
  EXPECT_EQ(testing::refusal([&] { move("originals/2024", "trip", *files(), "trip"); }), EXDEV);
  EXPECT_EQ(testing::refusal([&] { move("originals/2024/trip", "film.mp4.part", *files(), "f"); }), EXDEV);
  at("originals/2024/trip")->unlink(kUser, EntryName("film.mp4.part"));
  at("originals/2024/trip")->create(kUser, EntryName(".DS_Store"), 0644);
  move("originals/2024", "trip", *files(), "trip");
  EXPECT_FALSE(at("originals/2024/trip"));
}

TEST_F(DesktopTrashTest, LeavesForGood) {
  move("originals/2024/trip", "a.jpg", *files(), "a.jpg");
  move("originals/2024/trip/deep", "a.jpg", *files(), "b.jpg");
  files()->unlink(kUser, EntryName("a.jpg"));
  EXPECT_EQ(names_in(tree_.tree, "trash"), std::set<std::string>{"b.jpg"});
  files()->rename(kUser, EntryName("b.jpg"), *at(".Trash-1000/expunged"), EntryName("4711"), Node::Replace::kAllowed);
  EXPECT_TRUE(names_in(tree_.tree, "trash").empty());
  EXPECT_TRUE(names_in(tree_.tree, ".Trash-1000/expunged").empty());
  EXPECT_EQ(testing::refusal([&] { files()->unlink(kUser, EntryName("b.jpg")); }), ENOENT);
}

TEST_F(DesktopTrashTest, KeepsNotesForAWhile) {
  write_info("x.trashinfo.AB12CD", "text");
  const auto renamed = info();
  renamed->rename(kUser, EntryName("x.trashinfo.AB12CD"), *info(), EntryName("x.trashinfo"), Node::Replace::kAllowed);
  EXPECT_EQ(names_in(tree_.tree, ".Trash-1000/info"), std::set<std::string>{"x.trashinfo"});
  EXPECT_EQ(text_of(*at(".Trash-1000/info/x.trashinfo")), "text");
  EXPECT_FALSE(at(".Trash-0/info/x.trashinfo"));
  info()->unlink(kUser, EntryName("x.trashinfo"));
  EXPECT_EQ(testing::refusal([&] { info()->unlink(kUser, EntryName("x.trashinfo")); }), ENOENT);
  for (int i = 0; i < 1500; ++i) write_info(std::to_string(i), "x");
  EXPECT_LE(names_in(tree_.tree, ".Trash-1000/info").size(), 1024U);
  at(".Trash-1000")->create(kUser, EntryName("directorysizes"), 0600);
  EXPECT_TRUE(names_in(tree_.tree, ".Trash-1000").contains("directorysizes"));
}

TEST_F(DesktopTrashTest, OtherViewsHaveNoTrash) {
  EXPECT_EQ(testing::refusal([&] { move("by-date/2024/2024-05-17", "a.jpg", *files(), "a.jpg"); }), EROFS);
  EXPECT_EQ(testing::refusal([&] { move("originals/2024/trip", "a.jpg", *info(), "a.jpg"); }), EROFS);
  EXPECT_TRUE(at("originals/2024/trip/a.jpg"));
}

TEST_F(DesktopTrashTest, NewsTellOfIt) {
  const NodeId folder = files()->id();
  const NodeId notes = info()->id();
  const int64_t since = tree_.tree.newest_change();
  at("originals/2024/trip")->unlink(kUser, EntryName("a.jpg"));
  const auto news = tree_.tree.news(since, [](NodeId) { return true; });
  std::set<std::pair<uint64_t, std::string>> entries, listings;
  for (const Stale& stale : news.stale) {
    if (stale.what == Stale::What::kEntry) entries.emplace(stale.node.value(), stale.name);
    if (stale.what == Stale::What::kListing) listings.emplace(stale.node.value(), "");
  }
  EXPECT_TRUE(entries.contains({folder.value(), "a.jpg"}));
  EXPECT_TRUE(entries.contains({notes.value(), "a.jpg.trashinfo"}));
  EXPECT_TRUE(listings.contains({folder.value(), ""}));
  EXPECT_TRUE(listings.contains({notes.value(), ""}));
}

}  // namespace
}  // namespace damfs
