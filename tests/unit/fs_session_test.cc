// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the kernel asks about names and nodes, through the real op table.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "catalog/base/error.h"
#include "tests/support/fake_mount.h"

namespace damfs::test {
namespace {

constexpr uint64_t kRoot = 1;

TEST(Session, NegotiatesReaddirplusAlwaysAndNoWriteback) {
  FakeMount mount;
  EXPECT_TRUE(mount.greeting.flags & FUSE_DO_READDIRPLUS);
  EXPECT_FALSE(mount.greeting.flags & FUSE_READDIRPLUS_AUTO);
  EXPECT_TRUE(mount.greeting.flags & FUSE_EXPORT_SUPPORT);
  EXPECT_TRUE(mount.greeting.flags & FUSE_ASYNC_READ);
  EXPECT_FALSE(mount.greeting.flags & FUSE_WRITEBACK_CACHE);
  EXPECT_EQ(mount.greeting.max_readahead, 128U << 10);
}

TEST(Session, AnOldKernelGetsOnlyWhatItOffers) {
  FakeTree tree;
  Stats stats;
  Session session({.nodes = tree, .stats = stats, .library = "/", .owner = {}});
  FakeKernel kernel(session);
  EXPECT_FALSE(kernel.init(0).flags & FUSE_DO_READDIRPLUS);
  EXPECT_EQ(kernel.getattr(kRoot).error, 0);
}

TEST(Lookup, GivesTheNodeNumberAndExactAttributes) {
  FakeMount mount;
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", std::string(513, 'x'));
  const auto entry = mount.kernel.lookup(kRoot, "a.jpg");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->nodeid, file->id().value());
  EXPECT_EQ(entry->attr.ino, file->id().value());
  EXPECT_EQ(entry->generation, 0U);
  EXPECT_EQ(entry->attr.size, 513U);
  EXPECT_EQ(entry->attr.blocks, 2U);
  EXPECT_EQ(entry->attr.nlink, 2U);
  EXPECT_EQ(entry->attr.uid, 1234U);
  EXPECT_EQ(entry->attr.gid, 5678U);
  EXPECT_EQ(entry->attr.mode, static_cast<uint32_t>(S_IFREG | 0644));
  EXPECT_EQ(entry->attr.mtime, 1'700'000'000U);
  EXPECT_EQ(entry->attr.mtimensec, 123'456'789U);
  EXPECT_GE(entry->entry_valid, 3600U);
  EXPECT_GE(entry->attr_valid, 3600U);
}

TEST(Lookup, AMissingNameIsANegativeEntryTheKernelMayKeep) {
  FakeMount mount;
  const auto answer = mount.kernel.ask(FUSE_LOOKUP, kRoot, std::string("nothing\0", 8));
  EXPECT_EQ(answer.error, 0);
  const auto entry = unpacked<fuse_entry_out>(answer.data);
  EXPECT_EQ(entry.nodeid, 0U);
  EXPECT_GE(entry.entry_valid, 3600U);
}

TEST(Lookup, ASpellingThatMayHaveAnotherIsBelievedOnlyShortly) {
  FakeMount mount;
  mount.tree.add_file(mount.tree.top(), "e\u0301.jpg", "x");
  EXPECT_LE(mount.kernel.lookup(kRoot, "e\u0301.jpg")->entry_valid, 1U);
  const auto missing = mount.kernel.ask(FUSE_LOOKUP, kRoot, std::string("o\u0308") + '\0');
  EXPECT_LE(unpacked<fuse_entry_out>(missing.data).entry_valid, 1U);
}

TEST(Lookup, ANodeThatVanishedSinceItWasFoundIsANegativeEntry) {
  FakeMount mount;
  mount.tree.add_file(mount.tree.top(), "a.jpg", "x")->gone = true;
  EXPECT_FALSE(mount.kernel.lookup(kRoot, "a.jpg"));
}

TEST(Lookup, DotAndDotDotOfNumbersThisDaemonNeverGaveOut) {
  FakeMount mount;
  const auto outer = mount.tree.add_directory(mount.tree.top(), "outer");
  const auto inner = mount.tree.add_directory(*outer, "inner");
  const auto file = mount.tree.add_file(*inner, "a.jpg", "x");
  EXPECT_EQ(mount.kernel.lookup(inner->id().value(), ".")->nodeid, inner->id().value());
  EXPECT_EQ(mount.kernel.lookup(inner->id().value(), "..")->nodeid, outer->id().value());
  EXPECT_EQ(mount.kernel.lookup(outer->id().value(), "..")->nodeid, kRoot);
  EXPECT_EQ(mount.kernel.lookup(file->id().value(), ".")->nodeid, file->id().value());
  EXPECT_EQ(mount.kernel.ask(FUSE_LOOKUP, NodeId::directory(9, 0, 999).value(), std::string(".\0", 2)).error, ESTALE);
  EXPECT_EQ(mount.kernel.ask(FUSE_LOOKUP, file->id().value(), std::string("..\0", 3)).error, ENOTDIR);
}

TEST(Lookup, RefusesWhatIsNoName) {
  FakeMount mount;
  EXPECT_EQ(mount.kernel.ask(FUSE_LOOKUP, kRoot, std::string(256, 'n') + '\0').error, ENAMETOOLONG);
  EXPECT_EQ(mount.kernel.ask(FUSE_LOOKUP, kRoot, std::string("\0", 1)).error, EINVAL);
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  EXPECT_EQ(mount.kernel.ask(FUSE_LOOKUP, file->id().value(), std::string("b\0", 2)).error, ENOTDIR);
}

TEST(Getattr, OfAGoneNodeIsStale) {
  FakeMount mount;
  EXPECT_EQ(mount.kernel.getattr(NodeId::file(NodeId::FileKind::kOriginal, 0, 77).value()).error, ESTALE);
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  file->gone = true;
  EXPECT_EQ(mount.kernel.getattr(file->id().value()).error, ESTALE);
}

TEST(Boundary, ExceptionsBecomeTheirErrno) {
  FakeMount mount;
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  const auto answer_to = [&](std::function<void()> fault) {
    file->when_asked = std::move(fault);
    return mount.kernel.getattr(file->id().value()).error;
  };
  EXPECT_EQ(answer_to([] { throw Error(ENOSPC, "full"); }), ENOSPC);
  EXPECT_EQ(answer_to([] { throw std::bad_alloc(); }), ENOMEM);
  EXPECT_EQ(answer_to([] { throw std::logic_error("a bug"); }), EIO);
  EXPECT_EQ(answer_to([] { throw 7; }), EIO);
  // What the kernel does not take as an error must still end the request.
  EXPECT_EQ(answer_to([] { throw Error(100'000, "no errno"); }), EIO);
  EXPECT_EQ(answer_to(nullptr), 0);
  EXPECT_EQ(mount.stats.errors(), 5U);
  EXPECT_EQ(mount.stats.requests(Op::kGetattr), 6U);
}

TEST(Forget, CountsLookupsOfDirectoriesAndNothingOfFiles) {
  FakeMount mount;
  const auto directory = mount.tree.add_directory(mount.tree.top(), "d");
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  InodeTable& inodes = mount.session.inodes();
  EXPECT_FALSE(inodes.knows(directory->id()));
  for (int i = 0; i < 3; ++i) mount.kernel.lookup(kRoot, "d");
  mount.kernel.lookup(kRoot, "a.jpg");
  EXPECT_EQ(inodes.known().size(), 2U);  // the root and "d"
  mount.kernel.forget(directory->id().value(), 2);
  mount.kernel.forget(file->id().value(), 1);
  mount.kernel.forget(kRoot, 1);
  mount.kernel.settle();
  EXPECT_TRUE(inodes.knows(directory->id()));

  const fuse_forget_one one{.nodeid = directory->id().value(), .nlookup = 1};
  const fuse_forget_one other{.nodeid = file->id().value(), .nlookup = 9};
  mount.kernel.send(FUSE_BATCH_FORGET, 0,
                    packed(fuse_batch_forget_in{.count = 2, .dummy = 0}) + packed(one) + packed(other));
  for (int i = 0; i < 1000 && inodes.knows(directory->id()); ++i) mount.kernel.settle();
  EXPECT_FALSE(inodes.knows(directory->id()));
  EXPECT_TRUE(inodes.knows(NodeId::root()));
  // Too many are no harm, and a forgotten number still works.
  mount.kernel.forget(directory->id().value(), 5);
  EXPECT_EQ(mount.kernel.getattr(directory->id().value()).error, 0);
}

TEST(Xattr, SizeProbingAndAbsence) {
  FakeMount mount;
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  file->xattrs = {{"user.damfs.sha256", "abcdef"}, {"user.empty", ""}};
  const uint64_t node = file->id().value();
  const auto get = [&](const std::string& name, uint32_t size) {
    return mount.kernel.ask(FUSE_GETXATTR, node, packed(fuse_getxattr_in{.size = size, .padding = 0}) + name + '\0');
  };
  EXPECT_EQ(unpacked<fuse_getxattr_out>(get("user.damfs.sha256", 0).data).size, 6U);
  EXPECT_EQ(get("user.damfs.sha256", 5).error, ERANGE);
  EXPECT_EQ(get("user.damfs.sha256", 6).data, "abcdef");
  EXPECT_EQ(get("user.damfs.sha256", 100).data, "abcdef");
  EXPECT_EQ(unpacked<fuse_getxattr_out>(get("user.empty", 0).data).size, 0U);
  EXPECT_EQ(get("user.empty", 10).error, 0);
  EXPECT_EQ(get("user.absent", 0).error, ENODATA);
  EXPECT_EQ(get("security.capability", 20).error, ENODATA);

  const std::string names("user.damfs.sha256\0user.empty\0", 29);
  const auto list = [&](uint64_t of, uint32_t size) {
    return mount.kernel.ask(FUSE_LISTXATTR, of, packed(fuse_getxattr_in{.size = size, .padding = 0}));
  };
  EXPECT_EQ(unpacked<fuse_getxattr_out>(list(node, 0).data).size, names.size());
  EXPECT_EQ(list(node, 28).error, ERANGE);
  EXPECT_EQ(list(node, 29).data, names);
  EXPECT_EQ(list(kRoot, 100).data, "");
  EXPECT_EQ(list(kRoot, 100).error, 0);
}

TEST(Statfs, ReportsTheLibrarysVolume) {
  FakeMount mount;
  const auto reported = unpacked<fuse_statfs_out>(mount.kernel.ask(FUSE_STATFS, kRoot).data).st;
  struct statvfs real {};
  ASSERT_EQ(::statvfs("/", &real), 0);
  EXPECT_EQ(reported.blocks, real.f_blocks);
  EXPECT_EQ(reported.bsize, real.f_bsize);
  EXPECT_EQ(reported.namelen, 255U);
  EXPECT_GT(reported.bfree, 0U);
}

TEST(Writing, EveryOpIsRefusedWithErofs) {
  FakeMount mount;
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  const uint64_t node = file->id().value();
  const std::string name("n\0", 2);
  const std::string two("n\0m\0", 4);
  const auto refused = [&](uint32_t opcode, const std::string& payload) {
    return mount.kernel.ask(opcode, opcode == FUSE_WRITE || opcode == FUSE_SETATTR ? node : kRoot, payload).error;
  };
  EXPECT_EQ(refused(FUSE_SETATTR, packed([] {
                      fuse_setattr_in in{};
                      in.valid = FATTR_MODE;
                      return in;
                    }())),
            EROFS);
  EXPECT_EQ(refused(FUSE_MKNOD, packed([] {
                                  fuse_mknod_in in{};
                                  in.mode = S_IFREG;
                                  return in;
                                }()) +
                                    name),
            EROFS);
  EXPECT_EQ(refused(FUSE_MKDIR, packed(fuse_mkdir_in{}) + name), EROFS);
  EXPECT_EQ(refused(FUSE_UNLINK, name), EROFS);
  EXPECT_EQ(refused(FUSE_RMDIR, name), EROFS);
  EXPECT_EQ(refused(FUSE_SYMLINK, two), EROFS);
  EXPECT_EQ(refused(FUSE_RENAME, packed(fuse_rename_in{.newdir = kRoot}) + two), EROFS);
  EXPECT_EQ(refused(FUSE_RENAME2, packed(fuse_rename2_in{.newdir = kRoot, .flags = 0, .padding = 0}) + two), EROFS);
  EXPECT_EQ(refused(FUSE_LINK, packed(fuse_link_in{.oldnodeid = node}) + name), EROFS);
  EXPECT_EQ(refused(FUSE_WRITE, packed(fuse_write_in{}) + name), EBADF);
  EXPECT_EQ(refused(FUSE_REMOVEXATTR, std::string("user.x\0", 7)), EROFS);
  EXPECT_EQ(refused(FUSE_REMOVEXATTR, std::string("system.x\0", 9)), EOPNOTSUPP);
  EXPECT_EQ(refused(FUSE_CREATE, packed(fuse_create_in{}) + name), EROFS);
  EXPECT_EQ(refused(FUSE_FALLOCATE, packed([] {
                      fuse_fallocate_in in{};
                      in.length = 1;
                      return in;
                    }())),
            EBADF);
  EXPECT_EQ(refused(FUSE_COPY_FILE_RANGE, packed(fuse_copy_file_range_in{})), EBADF);
  EXPECT_EQ(refused(FUSE_LSEEK, packed([] {
                      fuse_lseek_in in{};
                      in.whence = SEEK_DATA;
                      return in;
                    }())),
            EBADF);
  for (const uint32_t flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC}) {
    EXPECT_EQ(mount.kernel.ask(FUSE_OPEN, node, packed(fuse_open_in{.flags = flags, .open_flags = 0})).error, EROFS);
  }
}

// ENOSYS is an answer too: the kernel takes it as "do it yourself, and do not ask again".
TEST(Kernel, IsLeftToDoAloneWhatItCan) {
  FakeMount mount;
  EXPECT_EQ(mount.kernel.ask(FUSE_ACCESS, kRoot, packed(fuse_access_in{})).error, ENOSYS);
  EXPECT_EQ(mount.kernel.ask(FUSE_READLINK, kRoot).error, EINVAL);
}

}  // namespace
}  // namespace damfs::test
