// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/mountpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "catalog/base/error.h"
#include "fs/mount/options.h"
#include "fs/stats.h"
#include "tests/support/scratch.h"

namespace damfs::test {
namespace {

template <typename Call>
int errno_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return 0;
}

bool has(const MountOptions& options, std::string_view option) {
  return std::find(options.for_libfuse.begin(), options.for_libfuse.end(), option) != options.for_libfuse.end();
}

TEST(MountOptions, Defaults) {
  const auto options = parse_mount_options({});
  for (const auto* option :
       {"fsname=damfs", "subtype=damfs", "default_permissions", "rw", "nosuid", "nodev", "noexec"}) {
    EXPECT_TRUE(has(options, option)) << option;
  }
  EXPECT_EQ(options.owner.uid, ::getuid());
  EXPECT_EQ(options.owner.gid, ::getgid());
}

TEST(MountOptions, OfTheUserWin) {
  const auto options = parse_mount_options({"allow_other,fsname=photos,exec", "uid=1000,gid=1001,subtype=sshfs"});
  EXPECT_TRUE(has(options, "allow_other"));
  EXPECT_TRUE(has(options, "fsname=photos"));
  EXPECT_TRUE(has(options, "subtype=sshfs"));
  EXPECT_FALSE(has(options, "subtype=damfs"));
  EXPECT_TRUE(has(options, "exec"));
  EXPECT_FALSE(has(options, "noexec"));
  EXPECT_EQ(options.owner.uid, 1000U);
  EXPECT_EQ(options.owner.gid, 1001U);
}

TEST(MountOptions, WhoElseMayEnter) {
  EXPECT_FALSE(parse_mount_options({}).is_for_others);
  EXPECT_FALSE(parse_mount_options({"private"}).is_for_others);
  const auto options = parse_mount_options({"allow_other,private"});
  EXPECT_TRUE(options.is_for_others);
  EXPECT_TRUE(options.owner.is_private);
  EXPECT_FALSE(has(options, "private"));  // the kernel knows no such option
}

TEST(MountOptions, OfFstabAreLeftOut) {
  EXPECT_EQ(parse_mount_options({"rw,defaults,nofail,_netdev,x-systemd.automount,user,,noauto"}).for_libfuse,
            parse_mount_options({}).for_libfuse);
}

TEST(MountOptions, OursAreNotForLibfuse) {
  const auto options = parse_mount_options({"no_passthrough"});
  EXPECT_EQ(options.passthrough, Passthrough::Choice::kNever);
  EXPECT_EQ(options.for_libfuse, parse_mount_options({}).for_libfuse);
  EXPECT_EQ(parse_mount_options({}).passthrough, Passthrough::Choice::kWhenPossible);
}

TEST(MountOptions, WhatWouldBreakALawIsRefused) {
  for (const auto* option : {"suid", "dev", "uid=me", "gid=", "uid=-1", "max_read=4096"}) {
    EXPECT_EQ(errno_of([&] { parse_mount_options({option}); }), EINVAL) << option;
  }
}

TEST(Mountinfo, FindsTheLastMountOfAPathWithOddNames) {
  const std::string text =
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "40 22 0:50 / /mnt/my\\040photos rw,nosuid shared:2 master:3 - tmpfs tmpfs rw\n"
      "41 40 0:51 / /mnt/my\\040photos ro,nosuid - fuse.damfs my\\134library ro,user_id=0\n";
  const auto found = find_mount_in(text, "/mnt/my photos");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, "fuse.damfs");
  EXPECT_EQ(found->source, "my\\library");
  EXPECT_EQ(find_mount_in(text, "/")->type, "ext4");
  EXPECT_FALSE(find_mount_in(text, "/mnt"));
}

TEST(Mountpoint, IsCreatedWhenMissing) {
  const Scratch scratch;
  const Path path = scratch.path() / "new";
  const Path made = prepare_mountpoint(path.string() + "/");
  EXPECT_EQ(made, std::filesystem::canonical(path));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_EQ(prepare_mountpoint(path), std::filesystem::canonical(path));
}

TEST(Mountpoint, MustBeAnEmptyDirectory) {
  const Scratch scratch;
  std::ofstream(scratch.path() / "file") << "x";
  EXPECT_EQ(errno_of([&] { prepare_mountpoint(scratch.path()); }), ENOTEMPTY);
  EXPECT_EQ(errno_of([&] { prepare_mountpoint(scratch.path() / "file"); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { prepare_mountpoint(scratch.path() / "no" / "such"); }), ENOENT);
}

TEST(Unmount, RefusesWhatIsNoMountOfOurs) {
  const Scratch scratch;
  EXPECT_EQ(errno_of([&] { unmount(scratch.path()); }), EINVAL);
  EXPECT_EQ(errno_of([&] { unmount("/proc"); }), EINVAL);
}

TEST(Resident, IsWhatThisProcessHolds) { EXPECT_GT(resident_bytes(), 1U << 20); }

}  // namespace
}  // namespace damfs::test
