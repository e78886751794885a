// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <dirent.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "tests/support/fake_mount.h"

namespace damfs::test {
namespace {

constexpr uint64_t kRoot = 1;

std::vector<std::string> names_of(const std::vector<FakeKernel::Entry>& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.name);
  return names;
}

// The whole listing from an offset on, a reply of `size` bytes at a time.
std::vector<FakeKernel::Entry> list(FakeKernel& kernel, uint64_t handle, uint64_t offset, uint32_t size, bool plus) {
  std::vector<FakeKernel::Entry> all;
  for (;;) {
    const auto page = kernel.readdir(kRoot, handle, offset, size, plus);
    if (page.empty()) return all;
    all.insert(all.end(), page.begin(), page.end());
    offset = page.back().off;
  }
}

class Listing : public ::testing::TestWithParam<bool> {
 protected:
  Listing() {
    directory = mount.tree.add_directory(mount.tree.top(), "sub");
    for (int i = 0; i < 100; ++i) mount.tree.add_file(mount.tree.top(), "file-" + std::to_string(i), "text");
    handle = mount.kernel.opendir(kRoot);
  }

  FakeMount mount;
  std::shared_ptr<FakeDirectory> directory;
  uint64_t handle = 0;
};

TEST_P(Listing, BeginsWithDotAndDotDot) {
  const auto entries = mount.kernel.readdir(kRoot, handle, 0, 4096, GetParam());
  ASSERT_GE(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, ".");
  EXPECT_EQ(entries[0].off, 1U);
  EXPECT_EQ(entries[0].ino, 1U);
  EXPECT_EQ(entries[0].type, DT_DIR);
  EXPECT_EQ(entries[1].name, "..");
  EXPECT_EQ(entries[1].off, 2U);
  EXPECT_EQ(entries[2].name, "sub");
  EXPECT_EQ(entries[2].type, DT_DIR);
  EXPECT_EQ(entries[3].type, DT_REG);
}

TEST_P(Listing, IsTheSameInPagesOfAnySize) {
  const auto whole = names_of(list(mount.kernel, handle, 0, 64 << 10, GetParam()));
  ASSERT_EQ(whole.size(), 103U);
  for (const uint32_t size : {256U, 777U, 4096U}) {
    EXPECT_EQ(names_of(list(mount.kernel, handle, 0, size, GetParam())), whole) << size;
  }
}

TEST_P(Listing, ResumesAtEveryOffsetAndSurvivesChanges) {
  const auto whole = list(mount.kernel, handle, 0, 64 << 10, GetParam());
  for (size_t i = 0; i < whole.size(); ++i) {
    const auto rest = list(mount.kernel, handle, whole[i].off, 64 << 10, GetParam());
    ASSERT_EQ(rest.size(), whole.size() - i - 1) << i;
    if (rest.empty()) continue;
    EXPECT_EQ(rest.front().name, whole[i + 1].name);
  }
  // The entry an offset stands behind may vanish: the listing still goes on where it was.
  mount.tree.top().remove(whole[50].name);
  EXPECT_EQ(list(mount.kernel, handle, whole[50].off, 64 << 10, GetParam()).front().name, whole[51].name);
}

TEST_P(Listing, ABufferTooSmallForOneEntryIsAnErrorAndNotTheEnd) {
  EXPECT_THROW(mount.kernel.readdir(kRoot, handle, 2, 16, GetParam()), std::exception);
}

TEST_P(Listing, OfAHandleThatIsNotOpenIsRefused) {
  fuse_read_in in{};
  in.fh = 4242;
  in.size = 4096;
  EXPECT_EQ(mount.kernel.ask(GetParam() ? FUSE_READDIRPLUS : FUSE_READDIR, kRoot, packed(in)).error, EBADF);
}

INSTANTIATE_TEST_SUITE_P(Both, Listing, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Plus" : "Plain"; });

TEST(Readdirplus, GivesFullAttributesAndCountsDirectoriesAsLookedUp) {
  FakeMount mount;
  const auto directory = mount.tree.add_directory(mount.tree.top(), "sub");
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "12345");
  const uint64_t handle = mount.kernel.opendir(kRoot);
  const auto entries = mount.kernel.readdir(kRoot, handle, 0, 4096, true);
  ASSERT_EQ(entries.size(), 4U);
  // A number of 0 keeps the kernel from counting "." and ".." as looked up.
  EXPECT_EQ(entries[0].plus.nodeid, 0U);
  EXPECT_EQ(entries[1].plus.nodeid, 0U);
  EXPECT_EQ(entries[2].plus.nodeid, directory->id().value());
  EXPECT_EQ(entries[3].plus.nodeid, file->id().value());
  EXPECT_EQ(entries[3].plus.attr.size, 5U);
  EXPECT_EQ(entries[3].plus.attr.blocks, 1U);
  EXPECT_EQ(entries[3].plus.attr.uid, 1234U);
  EXPECT_GE(entries[3].plus.entry_valid, 3600U);
  EXPECT_GE(entries[3].plus.attr_valid, 3600U);

  EXPECT_TRUE(mount.session.inodes().knows(directory->id()));
  EXPECT_EQ(mount.session.inodes().known().size(), 2U);
  mount.kernel.readdir(kRoot, handle, 0, 4096, true);
  mount.session.inodes().forget(directory->id(), 1);
  EXPECT_TRUE(mount.session.inodes().knows(directory->id()));
  mount.session.inodes().forget(directory->id(), 1);
  EXPECT_FALSE(mount.session.inodes().knows(directory->id()));
}

TEST(Readdir, PlainCountsNothingAsLookedUp) {
  FakeMount mount;
  mount.tree.add_directory(mount.tree.top(), "sub");
  mount.kernel.readdir(kRoot, mount.kernel.opendir(kRoot), 0, 4096, false);
  EXPECT_EQ(mount.session.inodes().known().size(), 1U);
}

// Not ESTALE, which nobody who has it open by now can do anything about.
TEST(Readdir, OfADirectoryThatIsGoneIsNoEntry) {
  FakeMount mount;
  const auto directory = mount.tree.add_directory(mount.tree.top(), "sub");
  const uint64_t handle = mount.kernel.opendir(directory->id().value());
  directory->gone = true;
  fuse_read_in in{};
  in.fh = handle;
  in.size = 4096;
  EXPECT_EQ(mount.kernel.ask(FUSE_READDIRPLUS, directory->id().value(), packed(in)).error, ENOENT);
}

TEST(Opendir, LetsTheKernelKeepTheListing) {
  FakeMount mount;
  const auto answer = mount.kernel.ask(FUSE_OPENDIR, kRoot, packed(fuse_open_in{}));
  const uint32_t flags = unpacked<fuse_open_out>(answer.data).open_flags;
  EXPECT_TRUE(flags & FOPEN_CACHE_DIR);
  EXPECT_TRUE(flags & FOPEN_KEEP_CACHE);
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  EXPECT_EQ(mount.kernel.ask(FUSE_OPENDIR, file->id().value(), packed(fuse_open_in{})).error, ENOTDIR);
}

TEST(Releasedir, OfAWrongHandleHarmsNobody) {
  FakeMount mount;
  const uint64_t handle = mount.kernel.opendir(kRoot);
  fuse_release_in wrong{};
  wrong.fh = handle + 100;
  EXPECT_EQ(mount.kernel.ask(FUSE_RELEASEDIR, kRoot, packed(wrong)).error, 0);
  EXPECT_EQ(mount.kernel.readdir(kRoot, handle, 0, 4096, true).size(), 2U);
  fuse_release_in right{};
  right.fh = handle;
  mount.kernel.ask(FUSE_RELEASEDIR, kRoot, packed(right));
  EXPECT_EQ(mount.kernel.ask(FUSE_RELEASEDIR, kRoot, packed(right)).error, 0);
  EXPECT_EQ(mount.session.directories().size(), 0U);
}

}  // namespace
}  // namespace damfs::test
