// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/purge.h"

#include <cerrno>
#include <optional>

#include "catalog/acts/checking.h"
#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/library/mounts.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::file_bytes;
using testing::refusal;

// A library whose objects are there.
class PurgeTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(check_catalog(*catalog_.reader()).empty()); }

  void add_object(const std::string& bytes) {
    const UniqueFd staged = objects_.stage_unnamed();
    write_all(staged.get(), std::as_bytes(std::span(bytes)), "a test's object");
    objects_.adopt(staged.get(), digest_of(bytes), std::ssize(bytes), false);
  }
  int64_t add(const std::string& bytes, const std::string& name) {
    add_object(bytes);
    int64_t asset = 0;
    catalog_.write([&](Writer& writer) { asset = file_bytes(writer, bytes, "a", name, testing::plain_file()).asset; });
    return asset;
  }
  void remove(const std::string& name) {
    catalog_.write(Act{.uid = 7, .what = "rm"}, [&](Writer& writer) {
      writer.trash_entry(writer.entry_at(writer.ensure_folder("a"), name).value(), 7);
    });
  }
  bool has_object(const std::string& bytes) { return objects_.is_there(digest_of(bytes), std::ssize(bytes)); }
  ToPurge in_trash() { return trash_to_purge(*catalog_.reader(), now_ns() + 1); }
  ToFree to_free() { return objects_to_free(library_, catalog_, objects_); }

  testing::ScratchFolder scratch_;
  const Library library_ = Library::create(scratch_ / "library");
  Catalog catalog_{library_.catalog()};
  ObjectStore objects_{library_.objects(), library_.staging()};
};

TEST_F(PurgeTest, WhatIsInTheTrashIsForgottenAndThenFreed) {
  add("stays", "stays.txt");
  add("goes", "goes.txt");
  remove("goes.txt");
  EXPECT_EQ(to_free().objects, 0);
  const ToPurge wanted = in_trash();
  ASSERT_EQ(wanted.free.size(), 1U);
  EXPECT_EQ(wanted.bytes(), 4);
  EXPECT_TRUE(trash_to_purge(*catalog_.reader(), 0).free.empty());
  purge(catalog_, wanted.free);
  EXPECT_TRUE(in_trash().free.empty());
  EXPECT_EQ(to_free().objects, 1);
  EXPECT_EQ(to_free().bytes, 4);
  EXPECT_TRUE(has_object("goes"));
  EXPECT_EQ(free_objects(library_, catalog_, objects_), 4);
  EXPECT_FALSE(has_object("goes"));
  EXPECT_TRUE(has_object("stays"));
}

TEST_F(PurgeTest, WhatIsLockedStays) {
  const int64_t asset = add("kept", "kept.txt");
  catalog_.write([&](Writer& writer) { writer.set_attribute(asset, kLockAttribute, "2999-01-01"); });
  remove("kept.txt");
  EXPECT_TRUE(in_trash().free.empty());
  ASSERT_EQ(in_trash().locked.size(), 1U);
  EXPECT_EQ(in_trash().locked[0].locked_until, "2999-01-01");
}

TEST_F(PurgeTest, OlderVersionsGoAlone) {
  const int64_t asset = add("first", "x.txt");
  add_object("second");
  catalog_.write([&](Writer& writer) { testing::seal_bytes(writer, "second", writer.ensure_folder("a"), "x.txt"); });
  const ToPurge wanted = versions_to_purge(*catalog_.reader(), {asset});
  ASSERT_EQ(wanted.free.size(), 1U);
  purge(catalog_, wanted.free);
  EXPECT_EQ(free_objects(library_, catalog_, objects_), 5);
  EXPECT_TRUE(has_object("second"));
}

TEST_F(PurgeTest, WhatWasNamedMeanwhileStays) {
  add_object("nameless");
  EXPECT_EQ(to_free().objects, 1);
  add("nameless", "named.txt");
  EXPECT_EQ(free_objects(library_, catalog_, objects_), 0);
  EXPECT_TRUE(has_object("nameless"));
}

TEST_F(PurgeTest, NothingIsFreedWhileOthersAreAtIt) {
  add_object("nameless");
  {
    const FileLock mount = announce_mount(library_, "/mnt/somewhere");
    EXPECT_EQ(mounted_at(library_), Path("/mnt/somewhere"));
    EXPECT_EQ(refusal([&] { to_free(); }), EBUSY);
  }
  {
    const auto import = FileLock::try_take(library_.import_lock());
    EXPECT_EQ(refusal([&] { free_objects(library_, catalog_, objects_); }), EBUSY);
  }
  {
    const auto adding = FileLock::share(library_.objects_lock(), "it is being freed");
    EXPECT_EQ(refusal([&] { free_objects(library_, catalog_, objects_); }), EBUSY);
  }
  EXPECT_TRUE(has_object("nameless"));
  EXPECT_EQ(free_objects(library_, catalog_, objects_), 8);
}

TEST_F(PurgeTest, VerifyingFindsWhatIsRotten) {
  add("good", "good.txt");
  add("rotten", "rotten.txt");
  add("away", "away.txt");
  for (const std::string bytes : {"rotten", "away"}) std::filesystem::remove(objects_.path_of(digest_of(bytes)));
  testing::write_file(objects_.path_of(digest_of("rotten")), "rotter");
  std::map<Digest, std::string> bad;
  VerifyProgress newest;
  const LibraryEvents events{.bad_catalog = [](const std::string& reason) { ADD_FAILURE() << reason; },
                             .bad_object = [&](const Digest& sha256, const std::string& why) { bad[sha256] = why; },
                             .progress = [&](const VerifyProgress& now) { newest = now; }};
  const std::atomic<bool> stop{false};
  const auto verified = verify_library(library_, catalog_, objects_, events, stop);
  EXPECT_EQ(verified.problems, 2);
  EXPECT_EQ(verified.objects.objects, 3);
  EXPECT_EQ(verified.all_objects, 3);
  EXPECT_EQ(newest.all_bytes, 14);
  EXPECT_EQ(newest.bytes, 14);
  EXPECT_TRUE(bad.contains(digest_of("rotten")));
  EXPECT_TRUE(bad.contains(digest_of("away")));
}

TEST_F(PurgeTest, LookingAtObjectsTellsWhatIsMissingAndWhatIsKnownToBeRotten) {
  add("good", "good.txt");
  add("rotten", "rotten.txt");
  add("away", "away.txt");
  catalog_.write([&](Writer& writer) { writer.mark_damaged(digest_of("rotten"), "other bytes"); });
  std::filesystem::remove(objects_.path_of(digest_of("away")));
  std::map<Digest, std::string> flawed;
  const auto looked = look_at_objects(*catalog_.reader(), Places(objects_),
                                      [&](const FlawedObject& each) { flawed[each.sha256] = each.reason; });
  EXPECT_EQ(looked.objects, 3);
  EXPECT_EQ(looked.missing, 1);
  const std::map<Digest, std::string> expected{{digest_of("rotten"), "other bytes"}, {digest_of("away"), ""}};
  EXPECT_EQ(flawed, expected);
}

}  // namespace
}  // namespace damfs
