// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files being written, on a disk and by a clock that the test has in its hands.

#include "views/write/drafts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <future>

#include "catalog/base/error.h"
#include "tests/support/library.h"
#include "tests/support/moved_clock.h"
#include "tests/support/patience.h"
#include "tests/support/told.h"
#include "views/frame/acts.h"
#include "views/write/draft_node.h"

namespace damfs {
namespace {

using test::Told;

const Actor kUser{.uid = 1000, .gid = 1000, .program = 7, .name = "writer"};

// Holds whoever comes while it is shut.
class Gate {
 public:
  void shut() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    if (!is_open_) ++held_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
  }
  void await_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ > 0; });
    held_ = 0;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int held_ = 0;
};

struct DiskState {
  Gate sealing;
  Gate syncing;
  std::atomic<int> sealing_fails{0};  // with that errno
  std::atomic<int> writing_fails{0};
};

class TestDisk final : public StagedBytes {
 public:
  TestDisk(DiskState& state, ObjectStore& store) : state_(state), file_(store) {}
  uint64_t size() const override { return file_.size(); }
  std::shared_ptr<const UniqueFd> bytes() const override { return file_.bytes(); }
  bool is_cheap_to_change() const override { return file_.is_cheap_to_change(); }
  void write(uint64_t offset, std::span<const std::byte> data) override {
    if (const int error = state_.writing_fails) fail(error, "on purpose");
    file_.write(offset, data);
  }
  void truncate(uint64_t size) override { file_.truncate(size); }
  void allocate(int mode, uint64_t offset, uint64_t size) override { file_.allocate(mode, offset, size); }
  size_t copy_from(int source, uint64_t from, uint64_t to, size_t size) override {
    return file_.copy_from(source, from, to, size);
  }
  void become(const Digest& sha256, UniqueFd object) override { file_.become(sha256, std::move(object)); }
  Sealed seal(const std::function<bool(const Digest&)>& is_catalogued) override {
    state_.sealing.pass();
    if (const int error = state_.sealing_fails) fail(error, "on purpose");
    return file_.seal(is_catalogued);
  }
  void prepare() override { file_.prepare(); }
  void sync() override {
    state_.syncing.pass();
    file_.sync();
  }
  void keep(int64_t number) override { file_.keep(number); }

 private:
  DiskState& state_;
  StagedFile file_;
};

class DraftsTest : public ::testing::Test {
 protected:
  DraftsTest()
      : made_(testing::ScratchTree::make_folders(catalog_.folder)),
        objects_(catalog_.folder / "objects", catalog_.folder / "staging"),
        acts_(catalog_.catalog()),
        views_(make_views()),
        drafts_({.catalog = catalog_.catalog(),
                 .objects = objects_,
                 .places = places_,
                 .acts = acts_,
                 .prober = nullptr,
                 .new_file = [this] { return std::make_unique<TestDisk>(disk_, objects_); }}) {
    for (const auto& view : views_) {
      if (view->name() == "originals") originals_ = view.get();
    }
    top_ = NodeId::directory(originals_->code(), 0, 0);
  }
  ~DraftsTest() override {
    disk_.sealing.open();
    disk_.syncing.open();
    drafts_.finish();
    for (const std::string& problem : catalog_.problems()) ADD_FAILURE() << problem;
  }

  struct Made {
    DraftRef draft;
    std::shared_ptr<DraftContent> content;
  };
  Made make(const std::string& name) {
    DraftRef draft = drafts_.create({.directory = top_, .view = originals_, .key = 0, .name = name}, kUser, 0644);
    auto content = draft->open(kUser, DraftMode::kWrites);
    return {std::move(draft), std::move(content)};
  }
  static int write(DraftContent& content, uint64_t offset, std::string_view text) {
    Told told;
    content.write(offset, std::as_bytes(std::span(text)), told.done());
    return told.error();
  }
  static Told close(DraftContent& content) {
    Told told;
    content.close(kUser, told.done());
    return told;
  }
  // a.bin, which two have open for writing; the first has closed it, and it is being sealed.
  struct BeingSealed {
    DraftRef draft;
    std::shared_ptr<DraftContent> first, second;
    Told closed;
  };
  BeingSealed begin_to_seal() {
    auto [draft, first] = make("a.bin");
    EXPECT_EQ(write(*first, 0, "one"), 0);
    auto second = draft->open(kUser, DraftMode::kWrites);
    disk_.sealing.shut();
    Told closed = close(*first);
    disk_.sealing.await_somebody();
    return {std::move(draft), std::move(first), std::move(second), std::move(closed)};
  }
  std::optional<FoundAsset> catalogued(std::string_view name) {
    return originals_->find_asset(*catalog_.catalog().reader(), 0, name);
  }
  int64_t size_of(std::string_view name) {
    const auto found = catalogued(name);
    return found ? found->row.size : -1;
  }
  void seconds_pass(int64_t seconds) { clock_.forward(std::chrono::seconds(seconds)); }

  test::MovedClock clock_{test::MovedClock::Pace::kStands};
  testing::ScratchCatalog catalog_;
  bool made_;
  ObjectStore objects_;
  Places places_{objects_};
  Acts acts_;
  DiskState disk_;
  std::vector<std::unique_ptr<View>> views_;
  const View* originals_ = nullptr;
  NodeId top_;
  Drafts drafts_;
};

TEST_F(DraftsTest, WhileOneIsHashedAndFlushedNobodyElseWaits) {
  auto big = make("big.bin");
  ASSERT_EQ(write(*big.content, 0, "much"), 0);
  disk_.sealing.shut();
  Told closed = close(*big.content);
  disk_.sealing.await_somebody();
  // All of these on this very thread, which would hang.
  EXPECT_EQ(big.draft->attributes().size, 4U);
  EXPECT_EQ(drafts_.at(top_, "big.bin"), big.draft);
  EXPECT_EQ(drafts_.find(big.draft->version()), big.draft);
  EXPECT_TRUE(drafts_.make_nonempty(top_));
  size_t listed = 0;
  drafts_.list(top_, 0, [&](int64_t, const std::string&, const Attributes& each) {
    listed += each.size;
    return true;
  });
  EXPECT_EQ(listed, 4U);
  big.draft->set_attributes({.mode = 0600});
  EXPECT_EQ(big.draft->attributes().mode & 07777, 0600U);
  EXPECT_EQ(big.draft->read(1, 100).size(), 3U);
  auto other = make("other.bin");
  EXPECT_EQ(write(*other.content, 0, "little"), 0);
  EXPECT_TRUE(drafts_.tidy().empty());
  EXPECT_FALSE(closed.is_there());
  disk_.sealing.open();
  EXPECT_EQ(closed.error(), 0);
  EXPECT_EQ(size_of("big.bin"), 4);
}

TEST_F(DraftsTest, WhatIsWrittenWhileItIsSealedIsTheNextState) {
  auto file = begin_to_seal();
  Told written;
  file.second->write(3, std::as_bytes(std::span("two", 3)), written.done());
  EXPECT_FALSE(written.is_there());
  disk_.sealing.open();
  EXPECT_EQ(file.closed.error(), 0);
  EXPECT_EQ(written.error(), 0);
  EXPECT_EQ(size_of("a.bin"), 3);
  Told closed_too = close(*file.second);
  EXPECT_EQ(closed_too.error(), 0);
  EXPECT_EQ(size_of("a.bin"), 6);
}

TEST_F(DraftsTest, WhoeverClosesItTooIsToldWhenItIsThere) {
  auto file = begin_to_seal();
  Told closed_too = close(*file.second);
  Told synced;
  file.second->sync(synced.done());
  disk_.syncing.shut();
  std::optional held = Draft::hold({file.draft});  // nothing of it goes into the catalog
  disk_.sealing.open();
  disk_.syncing.await_somebody();  // both have had their turn
  disk_.syncing.open();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(closed_too.is_there() || synced.is_there() || file.closed.is_there());
  EXPECT_EQ(size_of("a.bin"), -1);
  held.reset();
  EXPECT_EQ(closed_too.error(), 0);
  EXPECT_EQ(synced.error(), 0);
  EXPECT_EQ(file.closed.error(), 0);
  EXPECT_EQ(size_of("a.bin"), 3);
}

TEST_F(DraftsTest, WhoeverIsToldMayAskAtOnce) {
  auto file = make("a.bin");
  // Does it, and asks for what needs the lock of all drafts when it is told.
  const auto asks = [&](const std::function<void(Done)>& act) {
    Told told;
    act([&, done = told.done()](int error) {
      EXPECT_EQ(file.draft->attributes().size, 3U);
      done(error);
    });
    EXPECT_EQ(told.error(), 0);
  };
  asks([&](Done done) { file.content->write(0, std::as_bytes(std::span("one", 3)), std::move(done)); });
  asks([&](Done done) { file.content->sync(std::move(done)); });
  asks([&](Done done) { file.content->close(kUser, std::move(done)); });
  asks([&](Done done) { file.content->sync(std::move(done)); });
  asks([&](Done done) { file.content->close(kUser, std::move(done)); });
  asks([&](Done done) { drafts_.sync_catalog(std::move(done)); });
}

// Killed between its rename and its filing, it is not taken for what another mount had open before that was saved.
TEST_F(DraftsTest, WhatIsRenamedOverAFileMeansToReplaceIt) {
  auto [file, written] = make("a.bin");
  EXPECT_EQ(write(*written, 0, "before"), 0);
  EXPECT_EQ(close(*written).error(), 0);
  written.reset();
  auto [draft, content] = make("a.bin.tmp");
  EXPECT_EQ(write(*content, 0, "after"), 0);
  Told synced;
  draft->sync(synced.done());
  EXPECT_EQ(synced.error(), 0);
  drafts_.move(draft, {.directory = top_, .view = originals_, .key = 0, .name = "a.bin"});
  const auto kept = catalog_.catalog().reader()->kept_drafts();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept.front().name, "a.bin");
  EXPECT_EQ(kept.front().begun_from, catalogued("a.bin")->row.version);
}

TEST_F(DraftsTest, NumbersAreGivenOnceToHoweverMany) {
  TaskPool pool(2);
  VersionNumbers numbers(catalog_.catalog(), pool);
  std::vector<std::vector<int64_t>> given(8);
  {
    std::vector<std::jthread> threads;
    for (auto& each : given) {
      threads.emplace_back([&] {
        for (int i = 0; i < 300; ++i) each.push_back(numbers.next());
      });
    }
  }
  std::set<int64_t> all;
  for (const auto& each : given) all.insert(each.begin(), each.end());
  EXPECT_EQ(all.size(), 8U * 300U);
}

TEST_F(DraftsTest, WhatIsStillOpenWhenTheMountEndsIsNoState) {
  {
    auto open = make("open.bin");
    ASSERT_EQ(write(*open.content, 0, "half"), 0);
    auto closed = make("closed.bin");
    ASSERT_EQ(write(*closed.content, 0, "whole"), 0);
    Told told = close(*closed.content);
    EXPECT_EQ(told.error(), 0);
    auto empty = make("empty.bin");
    Told nothing = close(*empty.content);
    EXPECT_EQ(nothing.error(), 0);
  }
  drafts_.finish();
  EXPECT_EQ(size_of("open.bin"), -1);
  EXPECT_EQ(size_of("closed.bin"), 5);
  EXPECT_EQ(size_of("empty.bin"), 0);
}

TEST_F(DraftsTest, TheEndWaitsForWhatIsOnItsWay) {
  auto file = make("a.bin");
  ASSERT_EQ(write(*file.content, 0, "one"), 0);
  disk_.sealing.shut();
  Told closed = close(*file.content);
  disk_.sealing.await_somebody();
  std::atomic<bool> has_ended{false};
  std::thread end([&] {
    drafts_.finish();
    has_ended = true;
  });
  EXPECT_FALSE(has_ended);
  disk_.sealing.open();
  end.join();
  EXPECT_EQ(closed.error(), 0);
}

TEST_F(DraftsTest, WhatCannotBeSealedIsToldOnceAndGivenUp) {
  for (const int error : {EMFILE, EIO, ENOSPC}) {
    disk_.sealing_fails = error;
    {
      auto file = make("a.bin");
      ASSERT_EQ(write(*file.content, 0, "one"), 0);
      Told closed = close(*file.content);
      EXPECT_EQ(closed.error(), error);
    }
    disk_.sealing_fails = 0;
    seconds_pass(3);
    drafts_.tidy();
    EXPECT_EQ(drafts_.at(top_, "a.bin"), nullptr);
    EXPECT_EQ(size_of("a.bin"), -1);
  }
}

TEST_F(DraftsTest, WhatCouldNotBeWrittenIsNoStateEither) {
  auto file = make("a.bin");
  ASSERT_EQ(write(*file.content, 0, "one"), 0);
  disk_.writing_fails = EIO;
  EXPECT_EQ(write(*file.content, 3, "two"), EIO);
  disk_.writing_fails = 0;
  Told closed = close(*file.content);
  EXPECT_EQ(closed.error(), EIO);
  EXPECT_EQ(size_of("a.bin"), -1);
}

TEST_F(DraftsTest, AnEmptyFileThatCouldNotBeKeptWhenItWasLeftIsTriedAgain) {
  disk_.sealing_fails = ENFILE;
  {
    auto file = make("a.bin");
    file.content->released();
  }
  Told idle;
  drafts_.sync_catalog(idle.done());
  EXPECT_EQ(idle.error(), 0);
  disk_.sealing_fails = 0;
  for (int round = 0; round < 1000 && size_of("a.bin") < 0; ++round) {
    seconds_pass(3);
    drafts_.tidy();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(size_of("a.bin"), 0);
}

TEST_F(DraftsTest, WhatNobodyWroteToGoesAfterAWhile) {
  auto file = make("a.bin");
  ASSERT_EQ(write(*file.content, 0, "one"), 0);
  Told closed = close(*file.content);
  ASSERT_EQ(closed.error(), 0);
  file = {};
  drafts_.tidy();
  const auto asset = catalogued("a.bin").value();
  const DraftRef begun = drafts_.overwrite({.directory = top_, .view = originals_, .key = 0, .name = "a.bin"}, asset,
                                           Attributes{.node = NodeId::file(NodeId::FileKind::kOriginal, 0, 1)});
  EXPECT_EQ(drafts_.at(top_, "a.bin"), begun);
  seconds_pass(3);
  drafts_.tidy();
  EXPECT_EQ(drafts_.at(top_, "a.bin"), nullptr);
  EXPECT_THROW(
      {
        seconds_pass(3);
        drafts_.tidy();
        if (!drafts_.find(begun->version())) fail(ESTALE, "gone");
      },
      Error);
}

}  // namespace
}  // namespace damfs
