// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Runs of clips in the pool: progress, workers lost half way, and who gives way to whom.

#include <fcntl.h>

#include <future>
#include <optional>
#include <set>
#include <sstream>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::finish;
using testing::ScratchFolder;

constexpr int64_t kUnit = 4096;  // whole pages: what nobody wrote to is told by the page

Job probe(const std::string& what, JobClass job_class = JobClass::kInteractive) {
  Job job;
  job.source = open_file("/dev/null", O_RDONLY);
  job.name = what;
  job.job_class = job_class;
  return job;
}

class PoolClipTest : public ::testing::Test {
 protected:
  void start(unsigned workers) {
    pool_.emplace(WorkerPool::Options{program_path().parent_path() / "damfs-fake-worker", workers, -1});
  }

  Job run(const std::string& what, int64_t count, JobClass job_class = JobClass::kInteractive) {
    Job job;
    job.type = JobType::kClip;
    job.job_class = job_class;
    job.source = open_file("/dev/null", O_RDONLY);
    std::filesystem::remove(output_);  // each has one of its own
    job.output = open_file(output_, O_RDWR | O_CREAT, 0600);
    job.clip.facts.samples = 1;
    job.clip.facts.sound = {{.stream = 0, .sample_rate = 48'000, .channels = 2}};
    job.run.unit_bytes = kUnit;
    job.run.first = 100;
    job.run.count = count;
    job.run.session = what;
    job.deadline_ms = 20'000;
    job.progress = [this](int64_t done, int) { progress_.push_back(done); };
    return job;
  }

  // Runs until the worker waits to be stopped at its first unit.
  struct Waiting {
    WorkerPool::Ticket ticket;
    std::future<JobResult> result;
  };
  Waiting start_waiting(JobClass job_class, Lane lane = 0) {
    Job job = run("await-stop 1", 10, job_class);
    job.lane = lane;
    const auto begun = std::make_shared<std::promise<void>>();
    job.progress = [begun](int64_t, int) { begun->set_value(); };
    Waiting waiting = submit(std::move(job));
    begun->get_future().wait();
    return waiting;
  }
  Waiting submit(Job job) {
    const auto promise = std::make_shared<std::promise<JobResult>>();
    job.done = [promise](JobResult result, UniqueFd) { promise->set_value(std::move(result)); };
    return {pool_->submit(std::move(job)), promise->get_future()};
  }

  // Who made which unit: numbers first, then the workers' process ids.
  std::pair<std::vector<int64_t>, std::vector<int64_t>> units() {
    std::pair<std::vector<int64_t>, std::vector<int64_t>> out;
    const std::string text = read_text(output_).value();
    for (size_t at = 0; at < text.size(); at += kUnit) {
      std::istringstream words(text.substr(at, kUnit));
      words >> out.first.emplace_back() >> out.second.emplace_back();
    }
    return out;
  }

  ScratchFolder scratch_;
  const Path output_ = scratch_ / "output";
  const std::string once_ = (scratch_ / "marker").string();
  std::vector<int64_t> progress_;
  std::optional<WorkerPool> pool_;
};

TEST_F(PoolClipTest, TellsOfEachUnit) {
  start(1);
  const JobResult result = finish(*pool_, run("fine", 4));
  EXPECT_TRUE(result.ok) << result.reason;
  EXPECT_EQ(result.units_done, 4);
  EXPECT_EQ(progress_, (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(units().first, (std::vector<int64_t>{100, 101, 102, 103}));
}

TEST_F(PoolClipTest, AFreshWorkerGoesOnBehindWhatIsMade) {
  start(1);
  const JobResult result = finish(*pool_, run("crash 2 " + once_, 4));
  EXPECT_TRUE(result.ok) << result.reason;
  EXPECT_EQ(progress_, (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(pool_->counters().restarts, 1U);
  const auto [numbers, workers] = units();
  EXPECT_EQ(numbers, (std::vector<int64_t>{100, 101, 102, 103}));
  EXPECT_EQ(workers[0], workers[1]);
  EXPECT_NE(workers[1], workers[2]);
  EXPECT_EQ(workers[2], workers[3]);
}

TEST_F(PoolClipTest, TwoStrikesAtOneUnitFailAndSayWhatIsMade) {
  start(1);
  const JobResult result = finish(*pool_, run("crash 2", 4));
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.reason, "the worker gave up, as libraries do when there is no more memory for them, twice");
  EXPECT_EQ(result.units_done, 2);
  EXPECT_EQ(pool_->counters().restarts, 2U);
}

TEST_F(PoolClipTest, AnHonestNoSaysWhatIsMade) {
  start(1);
  const JobResult result = finish(*pool_, run("damaged 3", 4));
  EXPECT_FALSE(result.ok);
  EXPECT_TRUE(result.permanent);
  EXPECT_EQ(result.reason, "this stretch is no good");
  EXPECT_EQ(result.units_done, 3);
}

TEST_F(PoolClipTest, EachUnitHasTheWholeDeadline) {
  start(1);
  Job job = run("slow 700", 4);
  job.deadline_ms = 2000;  // less than all four take
  EXPECT_TRUE(finish(*pool_, std::move(job)).ok);
  EXPECT_EQ(pool_->counters().restarts, 0U);
}

TEST_F(PoolClipTest, AHangHalfWayEndsAtTheDeadline) {
  start(1);
  Job job = run("hang 1", 4);
  job.deadline_ms = 300;
  const JobResult result = finish(*pool_, std::move(job));
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.reason, "no answer within 0.3 s, twice");
  EXPECT_EQ(result.units_done, 1);
}

TEST_F(PoolClipTest, WhatWasNotMadeIsNotBelieved) {
  start(1);
  for (const char* what : {"lie 2", "early 2", "short 2", "again 2"}) {
    progress_.clear();
    const JobResult result = finish(*pool_, run(what, 4));
    EXPECT_FALSE(result.ok) << what;
    EXPECT_NE(result.reason.find("no sense"), std::string::npos) << result.reason;
    EXPECT_LE(result.units_done, 2) << what;
  }
}

TEST_F(PoolClipTest, AnIndexOfTheWrongSizeIsNotTaken) {
  start(1);
  Job job = run("", 1);
  job.type = JobType::kClipIndex;
  const JobResult result = finish(*pool_, std::move(job));
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.reason.find("100 were declared"), std::string::npos) << result.reason;
}

TEST_F(PoolClipTest, StoppedItEndsBehindTheUnitAtHand) {
  start(1);
  Waiting waiting = start_waiting(JobClass::kInteractive);
  pool_->stop(waiting.ticket);
  pool_->stop(waiting.ticket);
  const JobResult result = waiting.result.get();
  EXPECT_TRUE(result.ok) << result.reason;
  EXPECT_EQ(result.units_done, 1);
  EXPECT_TRUE(finish(*pool_, run("fine", 2)).ok) << "the worker goes on with what is next";
  EXPECT_EQ(pool_->counters().restarts, 0U);
}

TEST_F(PoolClipTest, StoppedInTheQueueItEndsWithNone) {
  start(1);
  Waiting running = start_waiting(JobClass::kInteractive);
  Waiting queued = submit(run("fine", 3));
  pool_->stop(queued.ticket);
  EXPECT_FALSE(pool_->cancel(queued.ticket));
  pool_->stop(running.ticket);
  const JobResult result = queued.result.get();
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.units_done, 0);
  EXPECT_TRUE(progress_.empty());
}

TEST_F(PoolClipTest, RunsNobodyWaitsForGiveWayToWhoWaits) {
  for (const JobClass spare : {JobClass::kPrefetch, JobClass::kWarm}) {
    start(1);
    Waiting waiting = start_waiting(spare);
    EXPECT_TRUE(finish(*pool_, probe("fine")).ok);
    const JobResult result = waiting.result.get();
    EXPECT_TRUE(result.ok);
    EXPECT_EQ(result.units_done, 1);
  }
}

TEST_F(PoolClipTest, WarmGivesWayBeforePrefetch) {
  start(2);
  Waiting prefetch = start_waiting(JobClass::kPrefetch);
  Waiting warm = start_waiting(JobClass::kWarm);
  EXPECT_TRUE(finish(*pool_, probe("fine")).ok);
  EXPECT_TRUE(warm.result.get().ok);
  EXPECT_EQ(prefetch.result.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  pool_->stop(prefetch.ticket);
  EXPECT_EQ(prefetch.result.get().units_done, 1);
}

TEST_F(PoolClipTest, NobodyGivesWayWhileAWorkerIsFree) {
  start(2);
  Waiting warm = start_waiting(JobClass::kWarm);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(finish(*pool_, probe("fine")).ok);
  EXPECT_EQ(warm.result.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  pool_->stop(warm.ticket);
  EXPECT_TRUE(warm.result.get().ok);
}

TEST_F(PoolClipTest, NobodyGivesWayToWarming) {
  start(1);
  Waiting prefetch = start_waiting(JobClass::kPrefetch);
  Waiting warm = submit(probe("fine", JobClass::kWarm));
  EXPECT_EQ(prefetch.result.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  pool_->promote(warm.ticket, JobClass::kInteractive, 1);  // somebody joins: now it is in the way
  EXPECT_TRUE(warm.result.get().ok);
  EXPECT_EQ(prefetch.result.get().units_done, 1);
}

// A player seeks: what was being fetched ahead in its lane is not what it waits for.
TEST_F(PoolClipTest, ALanesPrefetchGivesWayToItsReader) {
  start(4);
  Waiting prefetch = start_waiting(JobClass::kPrefetch, 7);
  Job job = run("fine", 2);
  job.lane = 7;
  EXPECT_TRUE(finish(*pool_, std::move(job)).ok);
  EXPECT_EQ(prefetch.result.get().units_done, 1);
}

TEST_F(PoolClipTest, ALaneKeepsItsWorkerWhileThatIsFree) {
  start(3);
  // Three workers, all at rest.
  std::vector<Waiting> all;
  for (int i = 0; i < 3; ++i) all.push_back(start_waiting(JobClass::kInteractive));
  for (Waiting& waiting : all) pool_->stop(waiting.ticket);
  for (Waiting& waiting : all) waiting.result.get();
  std::set<std::string> workers;
  for (int i = 0; i < 20; ++i) {
    Job job = probe("fine");
    job.lane = 7;
    workers.insert(finish(*pool_, std::move(job)).facts.title);
  }
  EXPECT_EQ(workers.size(), 1U);
}

TEST_F(PoolClipTest, TheEndFailsRunsToo) {
  start(1);
  Waiting running = start_waiting(JobClass::kInteractive);
  Waiting queued = submit(run("fine", 3));
  pool_.reset();
  for (Waiting* waiting : {&running, &queued}) {
    const JobResult result = waiting->result.get();
    EXPECT_FALSE(result.ok);
    EXPECT_FALSE(result.permanent);
    EXPECT_EQ(result.units_done, waiting == &running ? 1 : 0);
  }
}

}  // namespace
}  // namespace damfs
