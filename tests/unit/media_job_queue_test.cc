// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "catalog/media/pool/job_queue.h"

namespace damfs {
namespace {

class JobQueueTest : public ::testing::Test {
 protected:
  struct Wish {
    uint64_t reader = 0;
    JobClass job_class = JobClass::kInteractive;
    Lane lane = 0;
    int64_t units = 0;  // 0: a still
  };
  JobQueue::Ticket add(const std::string& name, const Wish& wish) {
    Job job;
    job.name = name;
    job.type = wish.units > 0 ? JobType::kClip : JobType::kStill;
    job.run.count = wish.units;
    job.reader = wish.reader;
    job.job_class = wish.job_class;
    job.lane = wish.lane;
    queue_.add(++last_, std::move(job));
    return last_;
  }
  // "-": nothing for it.
  std::string take(unsigned worker = 0) {
    const auto entry = queue_.take(worker, [this](unsigned other) { return idle_.count(other) > 0; });
    return entry ? entry->job.name : "-";
  }
  std::string take_all() {
    std::string names;
    while (queue_.size() > 0) names += take();
    return names;
  }
  JobQueue queue_;
  std::set<unsigned> idle_;
  JobQueue::Ticket last_ = 0;
};

TEST_F(JobQueueTest, ReadersTakeTurnsAndEachKeepsItsOrder) {
  for (const char* name : {"a", "b", "c", "d", "e"}) add(name, {.reader = 1});
  for (const char* name : {"X", "Y"}) add(name, {.reader = 2});
  EXPECT_EQ(take_all(), "aXbYcde");
}

TEST_F(JobQueueTest, WhoComesLateNeitherWaitsForAllNorMakesUpForThePause) {
  for (int i = 0; i < 100; ++i) add("a", {.reader = 1});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(take(), "a");
  for (int i = 0; i < 3; ++i) add("X", {.reader = 2});
  std::string names;
  for (int i = 0; i < 6; ++i) names += take();
  EXPECT_EQ(names, "XaXaXa");
}

// One that asks again only when it was answered, as cat does, has its share beside one that asks for all at once.
TEST_F(JobQueueTest, OneAtATimeGetsItsShare) {
  for (int i = 0; i < 10; ++i) add("a", {.reader = 1});
  std::string names;
  for (int i = 0; i < 8; ++i) {
    if (names.empty() || names.back() == 'X') add("X", {.reader = 2});
    names += take();
  }
  EXPECT_EQ(names, "aXaXaXaX");
}

TEST_F(JobQueueTest, WhatWasCancelledCostsNothing) {
  for (int i = 0; i < 50; ++i) {
    const auto ticket = add("x", {.reader = 1});
    EXPECT_TRUE(queue_.remove(ticket));
    EXPECT_FALSE(queue_.remove(ticket));
  }
  for (const char* name : {"X", "Y"}) add(name, {.reader = 2});
  for (const char* name : {"a", "b"}) add(name, {.reader = 1});
  EXPECT_EQ(take_all(), "XaYb");
}

TEST_F(JobQueueTest, ALongRunCostsItsReaderMore) {
  for (const char* name : {"A", "B"}) add(name, {.reader = 1, .units = 12});
  for (const char* name : {"1", "2", "3", "4"}) add(name, {.reader = 2});
  EXPECT_EQ(take_all(), "A123B4");
}

TEST_F(JobQueueTest, ClassesGoBeforeFairness) {
  add("w", {.reader = 1, .job_class = JobClass::kWarm});
  add("p", {.reader = 2, .job_class = JobClass::kPrefetch});
  for (const char* name : {"a", "b", "c"}) add(name, {.reader = 3});
  EXPECT_EQ(take_all(), "abcpw");
}

TEST_F(JobQueueTest, PromotedItIsThatReadersAndOfThatClass) {
  add("v", {.job_class = JobClass::kWarm});
  const auto joined = add("w", {.job_class = JobClass::kWarm});
  for (const char* name : {"a", "b"}) add(name, {.reader = 1});
  queue_.promote(joined, JobClass::kInteractive, 2);
  queue_.promote(joined, JobClass::kWarm, 1);  // never down
  EXPECT_EQ(take_all(), "wabv");
}

TEST_F(JobQueueTest, ALaneNeverRunsTwiceAndKeepsItsOrder) {
  for (const char* name : {"a", "b"}) add(name, {.lane = 7});
  add("other", {});
  EXPECT_EQ(queue_.startable(JobClass::kInteractive), 2U);
  EXPECT_EQ(take(0), "a");
  EXPECT_EQ(queue_.startable(JobClass::kInteractive), 1U);
  EXPECT_EQ(take(1), "other");
  EXPECT_EQ(take(1), "-");
  EXPECT_TRUE(queue_.is_awaited(7, JobClass::kInteractive));
  queue_.release(7);
  EXPECT_EQ(take(0), "b");
}

TEST_F(JobQueueTest, ALaneStaysWithItsWorkerUnlessThatIsBusy) {
  add("a", {.lane = 7});
  EXPECT_EQ(take(0), "a");
  queue_.release(7);
  add("b", {.lane = 7});
  idle_ = {0, 1};
  EXPECT_EQ(take(1), "-") << "worker 0 is about to ask";
  EXPECT_EQ(take(0), "b");
  queue_.release(7);
  add("c", {.lane = 7});
  idle_ = {1};
  EXPECT_EQ(take(1), "c") << "worker 0 is busy";
  queue_.release(7);
  add("d", {.lane = 7});
  idle_ = {0, 1};
  EXPECT_EQ(take(0), "-") << "the lane has moved";
  EXPECT_EQ(take(1), "d");
}

TEST_F(JobQueueTest, WhatEndsIsTakenWhateverItsLane) {
  for (const char* name : {"a", "b"}) add(name, {.lane = 7});
  EXPECT_EQ(take(0), "a");
  EXPECT_EQ(queue_.take_any()->job.name, "b");
  EXPECT_FALSE(queue_.take_any());
}

}  // namespace
}  // namespace damfs
