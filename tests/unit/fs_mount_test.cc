// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Nodes in memory on a real mount, served by a daemon of its own: run_mount() forks, as `damfs mount` does.

#include "fs/mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "tests/support/fake_nodes.h"
#include "tests/support/patience.h"
#include "tests/support/scratch.h"

namespace damfs::test {
namespace {

template <typename Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + patience(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string slurp(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The tree of these tests. The daemon answers through files, because it is another process: reading "pid" tells
// its number; in `signs` "reading" appears when a read of "slow.webp" waits, "cancelled" when it was cancelled.
Mountable make_tree(const Path& signs) {
  const auto tree = std::make_shared<FakeTree>();
  const auto folder = tree->add_directory(tree->top(), "folder");
  for (int i = 0; i < 1000; ++i) tree->add_file(*folder, "file-" + std::to_string(i), std::string(i % 7, 'x'));
  const auto photo = tree->add_file(tree->top(), "photo.jpg", std::string(1'000'000, 'p'));
  photo->xattrs = {{"user.damfs.asset", "1"}};
  folder->add("same.jpg", photo);
  const std::string pid = std::to_string(::getpid());
  tree->add_file(tree->top(), "pid", pid);
  const auto slow = tree->add_file(tree->top(), "slow.webp", "slow", false, NodeId::FileKind::kStill);
  slow->content->when_cancelled = [signs] { std::ofstream(signs / "cancelled") << "x"; };
  slow->content->instead = [content = slow->content.get(), signs](const ReadAnswerRef& answer) {
    content->read_as_usual(0, 4, answer);
    std::ofstream(signs / "reading") << "x";
  };
  tree->add_file(tree->top(), "new.jpg", "new");
  const auto hidden = tree->node(tree->top().lookup(EntryName("new.jpg"))->id());
  tree->top().remove("new.jpg");
  // "new.jpg" appears when the test asks for it, and the feed then says so.
  auto news = [tree, hidden, signs](int64_t since, const std::function<bool(NodeId)>&) {
    Tree::News result{.newest = since, .everything = false, .stale = {}};
    if (since == 0 && std::filesystem::exists(signs / "appear")) {
      tree->top().add("new.jpg", hidden);
      result.newest = 1;
      result.stale = {{Stale::What::kEntry, NodeId::root(), "new.jpg"}, {Stale::What::kListing, NodeId::root(), ""}};
    }
    return result;
  };
  return {.nodes = tree, .news = news, .since = 0};
}

class Mount : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "/dev/fuse cannot be used here";
    signs_ = scratch_.path() / "signs";
    at_ = scratch_.path() / "mnt";
    std::filesystem::create_directory(signs_);
    start();
  }
  void TearDown() override {
    if (find_mount(at_)) unmount(at_, Detach::kLazily);
    // A daemon that complained of itself fails its test.
    const std::string log = slurp(signs_ / "log");
    for (const auto* word : {"Sanitizer", "runtime error", "terminate called", " error: "}) {
      EXPECT_EQ(log.find(word), std::string::npos) << log;
    }
  }

  // Mounts as the program does. The starter must be a process of its own: a test binary has threads.
  static int start_at(const Path& at, const Path& signs) {
    const pid_t starter = ::fork();
    if (starter == 0) {
      int code = 99;
      try {
        code = run_mount(
            {.mountpoint = at, .library = signs, .options = {}, .foreground = false, .log_file = signs / "log"},
            [&](const Stats&) { return make_tree(signs); });
      } catch (const std::exception& error) {
        std::ofstream(signs / "error") << error.what();
      }
      ::_exit(code);
    }
    int status = 0;
    ::waitpid(starter, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void start() { ASSERT_EQ(start_at(at_, signs_), 0) << slurp(signs_ / "error"); }
  pid_t daemon() const { return std::stoi(slurp(at_ / "pid")); }
  static bool runs(pid_t process) {
    // A daemon whose parent does not wait for it stays as a zombie.
    const std::string stat = slurp("/proc/" + std::to_string(process) + "/stat");
    return !stat.empty() && stat.find(") Z") == std::string::npos;
  }

  Scratch scratch_;
  Path signs_;
  Path at_;
};

TEST_F(Mount, ShowsWhatTheNodesSay) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(at_ / "folder")) names.insert(entry.path().filename());
  EXPECT_EQ(names.size(), 1001U);
  EXPECT_EQ(slurp(at_ / "photo.jpg"), std::string(1'000'000, 'p'));
  EXPECT_EQ(std::filesystem::file_size(at_ / "folder" / "file-6"), 6U);

  struct statx file {};
  ASSERT_EQ(::statx(AT_FDCWD, (at_ / "photo.jpg").c_str(), 0, STATX_ALL, &file), 0);
  struct statx same {};
  ASSERT_EQ(::statx(AT_FDCWD, (at_ / "folder/same.jpg").c_str(), 0, STATX_ALL, &same), 0);
  EXPECT_EQ(file.stx_ino, same.stx_ino);
  EXPECT_EQ(file.stx_nlink, 2U);
  EXPECT_EQ(file.stx_size, 1'000'000U);
  EXPECT_EQ(file.stx_blocks, 1954U);
  EXPECT_EQ(file.stx_mtime.tv_nsec, 123'456'789U);
  EXPECT_EQ(file.stx_uid, ::getuid());
  struct stat root {};
  ASSERT_EQ(::stat(at_.c_str(), &root), 0);
  EXPECT_EQ(root.st_ino, 1U);
  EXPECT_EQ(root.st_nlink, 1U);
}

TEST_F(Mount, FillsInTheTypeOfEveryEntry) {
  DIR* directory = ::opendir(at_.c_str());
  ASSERT_NE(directory, nullptr);
  int entries = 0;
  while (const dirent* entry = ::readdir(directory)) {
    EXPECT_NE(entry->d_type, DT_UNKNOWN) << entry->d_name;
    ++entries;
  }
  ::closedir(directory);
  EXPECT_EQ(entries, 6);
}

TEST_F(Mount, RefusesToBeWritten) {
  EXPECT_EQ(::open((at_ / "photo.jpg").c_str(), O_WRONLY | O_CLOEXEC), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::mkdir((at_ / "d").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::unlink((at_ / "photo.jpg").c_str()), -1);
  EXPECT_EQ(errno, EROFS);
  struct statvfs volume {};
  ASSERT_EQ(::statvfs(at_.c_str(), &volume), 0);
  EXPECT_TRUE(volume.f_flag & ST_NOSUID);
  EXPECT_TRUE(volume.f_flag & ST_NODEV);
  EXPECT_TRUE(volume.f_flag & ST_NOEXEC);
  EXPECT_GT(volume.f_bavail, 0U);
  EXPECT_EQ(find_mount(at_)->type, "fuse.damfs");
}

TEST_F(Mount, AnswersForExtendedAttributes) {
  char value[16];
  EXPECT_EQ(::getxattr((at_ / "photo.jpg").c_str(), "user.damfs.asset", nullptr, 0), 1);
  EXPECT_EQ(::getxattr((at_ / "photo.jpg").c_str(), "user.damfs.asset", value, sizeof value), 1);
  EXPECT_EQ(::getxattr((at_ / "photo.jpg").c_str(), "user.absent", value, sizeof value), -1);
  EXPECT_EQ(errno, ENODATA);
  EXPECT_EQ(::listxattr((at_ / "photo.jpg").c_str(), nullptr, 0), 17);
}

TEST_F(Mount, ShowsANewNameAlthoughItsAbsenceWasCached) {
  EXPECT_FALSE(std::filesystem::exists(at_ / "new.jpg"));
  EXPECT_FALSE(std::filesystem::exists(at_ / "new.jpg"));
  std::ofstream(signs_ / "appear") << "x";
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(at_ / "new.jpg"); }));
  EXPECT_TRUE(comes_true([&] {
    for (const auto& entry : std::filesystem::directory_iterator(at_)) {
      if (entry.path().filename() == "new.jpg") return true;
    }
    return false;
  }));
}

TEST_F(Mount, AKilledReaderCancelsItsRead) {
  const pid_t reader = ::fork();
  if (reader == 0) {
    char byte;
    const int fd = ::open((at_ / "slow.webp").c_str(), O_RDONLY | O_CLOEXEC);
    ::_exit(fd >= 0 && ::read(fd, &byte, 1) == 1 ? 0 : 1);
  }
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(signs_ / "reading"); }));
  ::kill(reader, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(signs_ / "cancelled"); }));
}

TEST_F(Mount, SigtermUnmountsAndEndsTheDaemon) {
  const pid_t process = daemon();
  ASSERT_TRUE(runs(process));
  ::kill(process, SIGTERM);
  EXPECT_TRUE(comes_true([&] { return !find_mount(at_); }));
  EXPECT_TRUE(comes_true([&] { return !runs(process); }));
}

TEST_F(Mount, SigtermEndsTheDaemonEvenWhenTheMountIsInUse) {
  const pid_t process = daemon();
  const UniqueFd held(::open((at_ / "photo.jpg").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(held);
  ::kill(process, SIGTERM);
  EXPECT_TRUE(comes_true([&] { return !find_mount(at_); }));
  EXPECT_TRUE(comes_true([&] { return !runs(process); }));
}

TEST_F(Mount, UnmountSaysSoWhenTheMountIsInUse) {
  const pid_t process = daemon();
  {
    const UniqueFd held(::open((at_ / "photo.jpg").c_str(), O_RDONLY | O_CLOEXEC));
    try {
      unmount(at_);
      FAIL() << "it was in use";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), EBUSY);
    }
    EXPECT_EQ(slurp(at_ / "folder" / "file-1"), "x");
  }
  unmount(at_);
  EXPECT_FALSE(find_mount(at_));
  EXPECT_TRUE(comes_true([&] { return !runs(process); }));
}

TEST_F(Mount, AMountOverALivingMountIsRefused) {
  EXPECT_EQ(start_at(at_, signs_), 99);
  EXPECT_NE(slurp(signs_ / "error").find("already mounted"), std::string::npos);
  EXPECT_EQ(slurp(at_ / "folder" / "file-1"), "x");
}

TEST_F(Mount, AfterKillTheNextMountRepairsByItself) {
  const pid_t process = daemon();
  ::kill(process, SIGKILL);
  EXPECT_TRUE(comes_true([&] {
    struct statvfs volume {};
    return ::statvfs(at_.c_str(), &volume) != 0 && errno == ENOTCONN;
  }));
  start();
  EXPECT_NE(daemon(), process);
  EXPECT_EQ(slurp(at_ / "folder" / "file-1"), "x");
}

TEST(MountFailure, ReachesTheStarterWithItsReason) {
  const Scratch scratch;
  const pid_t starter = ::fork();
  if (starter == 0) {
    int code = 0;
    try {
      run_mount(
          {.mountpoint = scratch.path() / "mnt", .library = "/", .options = {}, .foreground = false, .log_file = {}},
          [](const Stats&) -> Mountable { throw Error(EUCLEAN, "the catalog is of a newer version"); });
    } catch (const Error& error) {
      code = error.code() == EUCLEAN && std::string(error.what()).find("newer") != std::string::npos ? 42 : 1;
    }
    ::_exit(code);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(starter, &status, 0), starter);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace damfs::test
