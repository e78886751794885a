// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads past this process: what the kernel is told, in the answers to INIT, OPEN and RELEASE.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>

#include "fs/passthrough.h"
#include "tests/support/fake_mount.h"
#include "tests/support/patience.h"
#include "tests/support/scratch.h"

namespace damfs::test {
namespace {

constexpr uint32_t kAllFlags = ~0U & ~static_cast<uint32_t>(FUSE_WRITEBACK_CACHE);
constexpr uint32_t kPassthrough = fuse_abi::kPassthroughInFlags2;

// The kernel's table of backing files.
class FakeBacking final : public BackingFiles {
 public:
  int open(int) noexcept override {
    const std::lock_guard lock(mutex_);
    if (refuse != 0) return -refuse;
    open_.insert(++last_);
    return last_;
  }
  void close(int id) noexcept override {
    const std::lock_guard lock(mutex_);
    wrong_ = wrong_ || open_.erase(id) != 1;
  }
  bool is_open(int id) const {
    const std::lock_guard lock(mutex_);
    return open_.contains(id);
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
  }
  int taken() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  bool was_closed_wrongly() const {
    const std::lock_guard lock(mutex_);
    return wrong_;
  }

  std::atomic<int> refuse{0};

 private:
  mutable std::mutex mutex_;
  std::set<int> open_;
  int last_ = 0;
  bool wrong_ = false;
};

// A mount whose kernel offers passthrough, unless `flags2` says otherwise.
struct Passing : ::testing::Test {
  void start(uint32_t flags = kAllFlags, uint32_t flags2 = kPassthrough,
             Passthrough::Choice choice = Passthrough::Choice::kWhenPossible) {
    session.emplace(Session::Options{.nodes = tree,
                                     .stats = stats,
                                     .library = scratch.path(),
                                     .owner = {},
                                     .passthrough = choice,
                                     .backing = backing,
                                     .threads = 4});
    kernel.emplace(*session);
    greeting = kernel->init(flags, flags2);
    // One file is tried out behind the answer.
    const auto end = std::chrono::steady_clock::now() + patience(30);
    while (stats.passthrough() == "not tried yet" || backing->count() != 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << stats.passthrough();
      std::this_thread::yield();
    }
    first = backing->taken();
  }
  std::shared_ptr<FakeFile> add_original(const std::string& name) {
    auto file = tree.add_file(tree.top(), name, "0123456789");
    file->content->passes = UniqueFd(::memfd_create("original", MFD_CLOEXEC));
    return file;
  }
  fuse_abi::OpenOut open(const FakeFile& file) {
    const auto answer = kernel->ask(FUSE_OPEN, file.id().value(), packed(fuse_open_in{}));
    EXPECT_EQ(answer.error, 0);
    EXPECT_EQ(answer.data.size(), sizeof(fuse_abi::OpenOut));
    return unpacked<fuse_abi::OpenOut>(answer.data);
  }
  void release(const FakeFile& file, uint64_t handle) {
    fuse_release_in in{};
    in.fh = handle;
    EXPECT_EQ(kernel->ask(FUSE_RELEASE, file.id().value(), packed(in)).error, 0);
    kernel->settle();
  }
  // What is closed after the answer is closed when the session is over.
  void end() {
    kernel->hang_up();
    EXPECT_FALSE(backing->was_closed_wrongly());
  }
  uint32_t stack_depth() const {
    return unpacked<uint32_t>(
        std::string_view(reinterpret_cast<const char*>(&greeting), sizeof greeting).substr(fuse_abi::kMaxStackDepthAt));
  }

  const Scratch scratch;
  FakeTree tree;
  Stats stats;
  std::shared_ptr<FakeBacking> backing = std::make_shared<FakeBacking>();
  std::optional<Session> session;
  std::optional<FakeKernel> kernel;
  fuse_init_out greeting{};
  int first = 0;
};

TEST_F(Passing, IsAskedForWhereItIsOffered) {
  start();
  EXPECT_TRUE(greeting.flags & FUSE_INIT_EXT);
  EXPECT_EQ(greeting.flags2 & kPassthrough, kPassthrough);
  EXPECT_EQ(stack_depth(), 1U);
  EXPECT_TRUE(greeting.flags & FUSE_DO_READDIRPLUS) << "what libfuse answered stays";
  EXPECT_EQ(greeting.max_readahead, 128U << 10);
  EXPECT_EQ(stats.passthrough(), "true");
  EXPECT_EQ(backing->count(), 0U) << "what was tried out is given back";
}

TEST_F(Passing, IsNotAskedForWhereItIsNotOffered) {
  start(kAllFlags, ~kPassthrough);
  EXPECT_FALSE(greeting.flags2 & kPassthrough);
  EXPECT_EQ(stack_depth(), 0U);
  const auto file = add_original("a.jpg");
  EXPECT_EQ(open(*file).open_flags & fuse_abi::kOpenPassthrough, 0U);
  EXPECT_EQ(backing->taken(), 0);
  EXPECT_NE(stats.passthrough().find("does not offer"), std::string::npos) << stats.passthrough();
}

TEST_F(Passing, IsNotReadFromAKernelThatHasNoSecondFlags) {
  start(kAllFlags & ~static_cast<uint32_t>(FUSE_INIT_EXT));
  EXPECT_FALSE(greeting.flags & FUSE_INIT_EXT);
  EXPECT_EQ(greeting.flags2, 0U);
  EXPECT_EQ(stack_depth(), 0U);
  EXPECT_NE(stats.passthrough(), "true");
}

TEST_F(Passing, CanBeSwitchedOff) {
  start(kAllFlags, kPassthrough, Passthrough::Choice::kNever);
  EXPECT_FALSE(greeting.flags2 & kPassthrough);
  EXPECT_EQ(open(*add_original("a.jpg")).backing_id, 0);
  EXPECT_NE(stats.passthrough().find("no_passthrough"), std::string::npos) << stats.passthrough();
}

TEST_F(Passing, OpensSayFromWhereAndNothingTheKernelWouldRefuse) {
  start();
  const auto file = add_original("a.jpg");
  const auto out = open(*file);
  EXPECT_TRUE(backing->is_open(out.backing_id));
  EXPECT_EQ(out.open_flags, fuse_abi::kOpenPassthrough | FOPEN_NOFLUSH);
  // Whatever the kernel still asks for itself is answered as ever.
  EXPECT_EQ(kernel->read(file->id().value(), out.fh, 0, 4096).data, "0123456789");
  end();
}

TEST_F(Passing, HandlesOfOneFileShareItsBackingUntilTheLastIsReleased) {
  start();
  const auto file = add_original("a.jpg");
  const auto other = add_original("b.jpg");
  const auto one = open(*file);
  const auto two = open(*file);
  const auto apart = open(*other);
  EXPECT_EQ(one.backing_id, two.backing_id);
  EXPECT_NE(one.backing_id, apart.backing_id);
  EXPECT_NE(one.fh, two.fh);
  release(*file, one.fh);
  EXPECT_EQ(open(*file).backing_id, two.backing_id);
  EXPECT_EQ(backing->count(), 2U);
  end();
}

TEST_F(Passing, BackingFilesAreGivenBack) {
  start();
  const auto file = add_original("a.jpg");
  for (int i = 0; i < 10; ++i) {
    const auto out = open(*file);
    EXPECT_EQ(out.backing_id, first + i + 1);
    release(*file, out.fh);
    // The answer to RELEASE may overtake the end of the handle, in whose thread the file is given back.
    while (backing->count() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  end();
  EXPECT_EQ(backing->count(), 0U);
}

TEST_F(Passing, OpensAtOnceAgree) {
  start();
  const auto file = add_original("a.jpg");
  for (int round = 0; round < 20; ++round) {
    std::vector<uint64_t> requests;
    for (int i = 0; i < 16; ++i) {
      requests.push_back(kernel->send(FUSE_OPEN, file->id().value(), packed(fuse_open_in{})));
    }
    std::set<int> ids;
    std::vector<uint64_t> handles;
    for (const uint64_t request : requests) {
      const auto out = unpacked<fuse_abi::OpenOut>(kernel->wait(request).data);
      ids.insert(out.backing_id);
      handles.push_back(out.fh);
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_TRUE(backing->is_open(*ids.begin()));
    for (const uint64_t handle : handles) release(*file, handle);
  }
  end();
  EXPECT_EQ(backing->count(), 0U);
}

TEST_F(Passing, AFileThatMayNotPassIsReadHereByAllWhoHaveItOpen) {
  start();
  const auto file = add_original("a.jpg");
  UniqueFd bytes = std::move(file->content->passes);
  const auto one = open(*file);
  EXPECT_EQ(one.open_flags & fuse_abi::kOpenPassthrough, 0U);
  EXPECT_TRUE(one.open_flags & FOPEN_KEEP_CACHE);
  // It may now; but the kernel would refuse an open that is not like the other one.
  file->content->passes = std::move(bytes);
  const auto two = open(*file);
  EXPECT_EQ(two.open_flags & fuse_abi::kOpenPassthrough, 0U);
  release(*file, one.fh);
  release(*file, two.fh);
  end();
}

TEST_F(Passing, AStillNeverDoes) {
  start();
  const auto still = tree.add_file(tree.top(), "a.webp", "0123456789", true, NodeId::FileKind::kStill);
  EXPECT_EQ(open(*still).open_flags & fuse_abi::kOpenPassthrough, 0U);
  EXPECT_EQ(backing->taken(), first);
}

TEST_F(Passing, ARefusalIsReadAsBeforeAndTold) {
  start();
  backing->refuse = ENOSPC;
  const auto file = add_original("a.jpg");
  const auto out = open(*file);
  EXPECT_EQ(out.open_flags & fuse_abi::kOpenPassthrough, 0U);
  EXPECT_TRUE(out.open_flags & FOPEN_KEEP_CACHE);
  EXPECT_EQ(kernel->read(file->id().value(), out.fh, 0, 4096).data, "0123456789");
  EXPECT_NE(stats.passthrough().find("refuses"), std::string::npos) << stats.passthrough();
  backing->refuse = 0;
  EXPECT_NE(open(*add_original("b.jpg")).backing_id, 0) << "that one was refused, not all";
  EXPECT_EQ(stats.passthrough(), "true");
}

TEST_F(Passing, ARefusalForGoodIsKnownFromTheBeginning) {
  backing->refuse = EPERM;
  start();
  EXPECT_NE(stats.passthrough().find("CAP_SYS_ADMIN"), std::string::npos) << stats.passthrough();
  backing->refuse = 0;
  EXPECT_EQ(open(*add_original("a.jpg")).backing_id, 0);
  EXPECT_EQ(backing->taken(), 0) << "it is not asked again";
}

TEST_F(Passing, AStackedFileSystemIsToldFromTheBeginning) {
  backing->refuse = ELOOP;
  start();
  EXPECT_NE(stats.passthrough().find("stacked"), std::string::npos) << stats.passthrough();
}

TEST(Passthrough, OverASocketNobodyIsAsked) {
  FakeMount mount;
  EXPECT_FALSE(mount.kernel.init(kAllFlags, kPassthrough).flags2 & kPassthrough);
  EXPECT_NE(mount.stats.passthrough().find("socket"), std::string::npos) << mount.stats.passthrough();
}

}  // namespace
}  // namespace damfs::test
