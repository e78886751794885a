// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "catalog/base/error.h"
#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::ScratchFolder;
using testing::write_file;

int code_of_folder_act(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return 0;
}

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    std::filesystem::create_directories(inside_ / "ab/cd");
    write_file(inside_ / "ab/cd/file", "inside");
    write_file(scratch_ / "outside", "outside");
  }
  ScratchFolder scratch_;
  Path inside_ = scratch_ / "inside";
};

TEST_F(FolderTest, OpensWhatIsInItAndNothingElse) {
  const Folder folder(inside_);
  EXPECT_EQ(folder.read_text("ab/cd/file", 100), "inside");
  EXPECT_FALSE(folder.open_existing("ab/cd/other", O_RDONLY));
  EXPECT_FALSE(folder.open_existing("nowhere/other", O_RDONLY));
  EXPECT_EQ(code_of_folder_act([&] { folder.open("../outside", O_RDONLY); }), EXDEV);
  EXPECT_EQ(code_of_folder_act([&] { folder.open((scratch_ / "outside").string(), O_RDONLY); }), EXDEV);
  EXPECT_EQ(code_of_folder_act([&] { folder.open("ab/cd", O_RDONLY); }), EISDIR);
  EXPECT_EQ(code_of_folder_act([&] { folder.folder("ab/cd/file"); }), ENOTDIR);
  EXPECT_EQ(code_of_folder_act([&] { folder.read_text("ab/cd/file", 5); }), EFBIG);
}

TEST_F(FolderTest, FollowsNoLinkAndWaitsForNoPipe) {
  const Folder folder(inside_);
  std::filesystem::create_symlink(scratch_ / "outside", inside_ / "link");
  std::filesystem::create_symlink("ab", inside_ / "folder link");
  ASSERT_EQ(::mkfifo((inside_ / "pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "folder link", "folder link/cd/file"}) {
    EXPECT_EQ(code_of_folder_act([&] { folder.open_existing(name, O_RDONLY); }), ELOOP) << name;
    EXPECT_EQ(code_of_folder_act([&] { folder.open(name, O_RDWR | O_CREAT, 0600); }), ELOOP) << name;
  }
  for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR}) {
    EXPECT_EQ(code_of_folder_act([&] { folder.open("pipe", flags); }), ENXIO);
  }
  EXPECT_EQ(code_of_folder_act([&] { folder.make_folder("folder link/more"); }), ELOOP);
  EXPECT_EQ(code_of_folder_act([&] { folder.replace_text("link", "x"); }), ELOOP);
  std::filesystem::create_symlink(scratch_ / "outside", inside_ / "text.tmp");
  EXPECT_EQ(code_of_folder_act([&] { folder.replace_text("text", "x"); }), ELOOP);
  EXPECT_EQ(folder.unlink("folder link/cd/file"), ELOOP);
  EXPECT_NE(folder.rename("ab/cd/file", folder, "folder link/file"), 0);
  EXPECT_EQ(folder.unlink("link"), 0) << "the link itself";
  EXPECT_EQ(read_text(scratch_ / "outside"), "outside");
}

TEST_F(FolderTest, LeadsToItselfWhereverItIs) {
  const Folder folder(inside_);
  std::filesystem::rename(inside_, scratch_ / "moved");
  std::filesystem::create_directory(inside_);
  folder.replace_text("new", "text");
  EXPECT_TRUE(std::filesystem::is_empty(inside_));
  EXPECT_EQ(read_text(scratch_ / "moved/new"), "text");
}

TEST_F(FolderTest, MakesAndListsWhatIsInIt) {
  const Folder folder(inside_);
  folder.make_folder("x/y/z");
  folder.make_folder("x/y/z");
  EXPECT_TRUE(folder.folder("x/y").has_folder("z"));
  const UniqueFd unnamed(::openat(folder.fd(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (unnamed) {
    EXPECT_EQ(folder.link_fd(unnamed.get(), "x/named"), 0);
    EXPECT_EQ(folder.link_fd(unnamed.get(), "x/named"), EEXIST);
    EXPECT_TRUE(folder.has_file("x/named"));
  }
  std::set<std::string> names;
  folder.each([&](const std::string& name, unsigned char) { names.insert(name); });
  EXPECT_EQ(names, (std::set<std::string>{"ab", "x"}));
  EXPECT_FALSE(folder.is_empty());
  EXPECT_TRUE(folder.folder("x/y/z").is_empty());
}

// Where root made what another user's folder holds it is still used; a third one's is not.
TEST_F(FolderTest, OthersFilesAreNotUsed) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving files away takes root";
  const auto give = [&](const Path& path, uid_t uid) { ASSERT_EQ(::chown(path.c_str(), uid, uid), 0); };
  give(inside_, 1000);
  const Folder folder(inside_);
  EXPECT_EQ(folder.owner(), 1000U);
  for (const uid_t trusted : {0U, 1000U}) {
    give(inside_ / "ab/cd/file", trusted);
    EXPECT_EQ(folder.read_text("ab/cd/file", 100), "inside");
  }
  give(inside_ / "ab/cd/file", 1001);
  EXPECT_EQ(code_of_folder_act([&] { folder.open("ab/cd/file", O_RDONLY); }), EPERM);
  give(inside_ / "ab", 1001);
  EXPECT_EQ(code_of_folder_act([&] { folder.folder("ab"); }), EPERM);
}

}  // namespace
}  // namespace damfs
