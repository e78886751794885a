// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What happens in a mounted tree because time passes.

#include <cerrno>
#include <future>

#include "catalog/model/journal.h"
#include "catalog/places/range_reader.h"
#include "fs/overwrites.h"
#include "tests/support/fake_place.h"
#include "tests/support/library.h"
#include "tests/support/moved_clock.h"
#include "tests/support/patience.h"
#include "tests/support/told.h"

namespace damfs::test {
namespace {

using damfs::testing::at_path;
using damfs::testing::ScratchTree;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Actor kEditor{.uid = 1000, .gid = 1000, .program = 7, .name = "editor"};

class TimePasses : public ::testing::Test {
 protected:
  ~TimePasses() override {
    for (const std::string& problem : tree_.problems()) ADD_FAILURE() << problem;
  }
  NodeRef top() { return at_path(tree_.tree, "originals"); }
  // As the mount does four times a second.
  Tree::News news(int64_t since = INT64_MAX) {
    return tree_.tree.news(std::min(since, tree_.tree.newest_change()), [](NodeId) { return true; });
  }
  static int write(Content& content, uint64_t offset, std::string_view text) {
    return told([&](Done done) { content.write(offset, std::as_bytes(std::span(text)), std::move(done)); });
  }
  static int close(Content& content) {
    return told([&](Done done) { content.close(kEditor, std::move(done)); });
  }
  std::vector<std::pair<int64_t, std::string>> names_of(int64_t asset) {
    return tree_.catalog().reader()->folder_entries(asset);
  }
  int64_t make(const std::string& name) {
    const auto made = top()->create(kEditor, EntryName(name), 0644);
    EXPECT_EQ(write(*made.content, 0, "x"), 0);
    EXPECT_EQ(close(*made.content), 0);
    made.content->released();
    const auto found = tree_.catalog().reader()->find_asset(Grouping::kFolder, 1, name);
    return found ? found->row.id : 0;
  }
  size_t all_trash() { return tree_.catalog().reader()->hidden_trash(INT64_MAX).size(); }

  MovedClock clock_;
  ScratchTree tree_{"damfs-fake-worker"};
};

TEST_F(TimePasses, WhatIsMovedAsideAndReplacedIsAVersionHoweverLongTheNewOneTakes) {
  const int64_t asset = make("file.bin");
  top()->rename(kEditor, EntryName("file.bin"), *top(), EntryName("file.bin~"), Node::Replace::kAllowed);
  const auto made = top()->create(kEditor, EntryName("file.bin"), 0644);
  EXPECT_EQ(write(*made.content, 0, "new"), 0);
  for (int n = 0; n < 4; ++n) {
    clock_.forward(seconds(12));
    news();
  }
  EXPECT_EQ(names_of(asset), (std::vector<std::pair<int64_t, std::string>>{{1, "file.bin"}}));
  EXPECT_EQ(write(*made.content, 3, "er"), 0);
  EXPECT_EQ(close(*made.content), 0);
  made.content->released();
  news();
  EXPECT_EQ(names_of(asset), (std::vector<std::pair<int64_t, std::string>>{{1, "file.bin"}}));
  EXPECT_EQ(tree_.catalog().reader()->versions(asset).size(), 2U);
}

TEST_F(TimePasses, WhatIsMovedAsideAndNotReplacedIsRenamedAfterTenSeconds) {
  const int64_t asset = make("file.bin");
  top()->rename(kEditor, EntryName("file.bin"), *top(), EntryName("file.bin~"), Node::Replace::kAllowed);
  clock_.forward(seconds(8));
  news();
  EXPECT_EQ(names_of(asset), (std::vector<std::pair<int64_t, std::string>>{{1, "file.bin"}}));
  clock_.forward(seconds(4));
  news();
  EXPECT_EQ(names_of(asset), (std::vector<std::pair<int64_t, std::string>>{{1, "file.bin~"}}));
}

TEST_F(TimePasses, WhatAProgramMakesAndRemovesWithinAMinuteIsPurgedAfterAWeek) {
  make("lock");
  clock_.forward(seconds(30));
  top()->unlink(kEditor, EntryName("lock"));
  EXPECT_EQ(all_trash(), 1U);
  news();
  for (int day = 0; day < 6; ++day) {
    clock_.forward(hours(24));
    news();
    EXPECT_EQ(all_trash(), 1U) << day;
  }
  clock_.forward(hours(48));
  news();
  EXPECT_EQ(all_trash(), 0U);
}

TEST_F(TimePasses, WhatStoodLongerThanAMinuteGoesToTheTrash) {
  const int64_t asset = make("kept");
  clock_.forward(seconds(61));
  top()->unlink(kEditor, EntryName("kept"));
  EXPECT_EQ(all_trash(), 0U);
  EXPECT_EQ(tree_.catalog().reader()->trash_entries(asset).size(), 1U);
}

TEST_F(TimePasses, WhoMissedMoreThanAnHourForgetsEverything) {
  make("one");
  const int64_t since = tree_.tree.newest_change();
  clock_.forward(std::chrono::minutes(50));
  make("two");
  EXPECT_FALSE(news(since).everything);
  clock_.forward(hours(2));
  make("three");
  EXPECT_TRUE(news(since).everything);
}

TEST_F(TimePasses, AWallClockThatIsSetBackEndsNoAct) {
  const int64_t first = make("one");
  clock_.set_wall(-hours(5));
  make("two");
  EXPECT_NE(first, 0);
  int acts_told = 0;
  acts(*tree_.catalog().reader(), 0, [&](const ActRow&) { return ++acts_told > 0; });
  EXPECT_EQ(acts_told, 1);
}

TEST(TimePassesInOverwrites, WhoComesBackAfterASecondIsAskedToComeAgain) {
  MovedClock clock(MovedClock::Pace::kStands);
  Overwrites overwrites;
  const NodeId node = NodeId::file(NodeId::FileKind::kOriginal, 0, 5);
  EXPECT_EQ(overwrites.wants(1, node).error, ESTALE);
  EXPECT_EQ(overwrites.wanted(1), node);
  clock.forward(milliseconds(999));
  EXPECT_TRUE(overwrites.wants(1, node).comes_by_number);
  EXPECT_EQ(overwrites.wants(1, node).error, ESTALE);
  clock.forward(milliseconds(1001));
  EXPECT_FALSE(overwrites.wanted(1));
  EXPECT_EQ(overwrites.wants(1, node).error, ESTALE);
}

TEST(TimePassesInARange, AReadThatIsNeverAnsweredEndsWhenItsTimeIsUp) {
  MovedClock clock;
  const auto ranges = std::make_shared<FakeRanges>("0123456789", &FakeRanges::never);
  const auto reader = std::make_shared<RangeReader>(ranges, "a blob", seconds(30));
  RangeWatch watch{seconds(1)};
  watch.watch(reader);
  std::promise<int> answer;
  auto answered = answer.get_future();
  reader->read(&clock, 2, 4, [&](int error, std::span<const std::byte>) { answer.set_value(error); });
  clock.forward(seconds(20));
  EXPECT_EQ(answered.wait_for(milliseconds(30)), std::future_status::timeout);
  clock.forward(seconds(11));
  clock.forward(seconds(2));
  ASSERT_EQ(answered.wait_for(patience(20)), std::future_status::ready);
  EXPECT_EQ(answered.get(), EIO);
}

}  // namespace
}  // namespace damfs::test
