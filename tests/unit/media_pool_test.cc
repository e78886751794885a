// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::finish;
using testing::open_descriptors;
using testing::ScratchFolder;

WorkerPool::Options fake(unsigned workers) { return {program_path().parent_path() / "damfs-fake-worker", workers, -1}; }

Job order(const std::string& what, int64_t deadline_ms = 20'000) {
  Job job;
  job.source = open_file("/dev/null", O_RDONLY);
  job.name = what;
  job.deadline_ms = deadline_ms;
  return job;
}

TEST(WorkerPool, StartsNobodyUntilThereIsWork) {
  WorkerPool pool(fake(2));
  EXPECT_EQ(pool.size(), 2U);
  EXPECT_EQ(pool.counters().workers_running, 0U);
  EXPECT_TRUE(finish(pool, order("fine")).ok);
  EXPECT_EQ(pool.counters().workers_running, 1U);
  EXPECT_EQ(pool.counters().jobs_done, 1U);
}

TEST(WorkerPool, KeepsItsWorker) {
  WorkerPool pool(fake(1));
  const std::string first = finish(pool, order("fine")).facts.title;
  EXPECT_EQ(finish(pool, order("fine")).facts.title, first);
  EXPECT_EQ(pool.counters().restarts, 0U);
}

TEST(WorkerPool, ACrashCostsOneRestartAndNoAnswer) {
  const ScratchFolder scratch;
  WorkerPool pool(fake(1));
  EXPECT_TRUE(finish(pool, order("crash-once " + (scratch / "marker").string())).ok);
  EXPECT_EQ(pool.counters().restarts, 1U);
}

TEST(WorkerPool, TwoCrashesFailTheJobAndNothingElse) {
  WorkerPool pool(fake(1));
  const JobResult result = finish(pool, order("crash"));
  EXPECT_FALSE(result.ok);
  EXPECT_TRUE(result.permanent);
  EXPECT_NE(result.reason.find("signal 11"), std::string::npos) << result.reason;
  EXPECT_NE(result.reason.find("twice"), std::string::npos) << result.reason;
  EXPECT_TRUE(finish(pool, order("fine")).ok);
  EXPECT_EQ(pool.counters().restarts, 2U);
  EXPECT_EQ(pool.counters().jobs_failed, 1U);
}

TEST(WorkerPool, AHangEndsAtTheDeadline) {
  const ScratchFolder scratch;
  WorkerPool pool(fake(1));
  const JobResult result = finish(pool, order("hang", 100));
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.reason, "no answer within 0.1 s, twice");
  EXPECT_TRUE(finish(pool, order("hang-once " + (scratch / "marker").string(), 500)).ok);
}

TEST(WorkerPool, NonsenseIsAStrike) {
  for (const char* what : {"garbage", "half", "huge", "exit"}) {
    WorkerPool pool(fake(1));
    const JobResult result = finish(pool, order(what));
    EXPECT_FALSE(result.ok) << what;
    EXPECT_FALSE(result.reason.empty()) << what;
    EXPECT_EQ(pool.counters().restarts, 2U) << what;
    EXPECT_TRUE(finish(pool, order("fine")).ok) << what;
  }
}

TEST(WorkerPool, ADiskThatFailsIsNotTheFilesFault) {
  WorkerPool pool(fake(1));
  const JobResult result = finish(pool, order("bus"));
  EXPECT_FALSE(result.ok);
  EXPECT_FALSE(result.permanent);
}

TEST(WorkerPool, AHonestNoIsNoStrike) {
  WorkerPool pool(fake(1));
  const JobResult result = finish(pool, order("refuse"));
  EXPECT_FALSE(result.ok);
  EXPECT_TRUE(result.permanent);
  EXPECT_EQ(result.reason, "this file is no good");
  EXPECT_EQ(pool.counters().restarts, 0U);
}

TEST(WorkerPool, ADeathBetweenJobsIsNoStrike) {
  WorkerPool pool(fake(1));
  const JobResult first = finish(pool, order("die-after"));
  ASSERT_TRUE(first.ok);
  const pid_t pid = std::stoi(first.facts.title);
  // It is a zombie until the pool looks; wait for that, not for a time.
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  const JobResult second = finish(pool, order("crash"));
  EXPECT_FALSE(second.ok);
  EXPECT_EQ(pool.counters().restarts, 3U);  // the quiet death, and two strikes
}

TEST(WorkerPool, AStillOfTheWrongSizeIsNotTaken) {
  const ScratchFolder scratch;
  WorkerPool pool(fake(1));
  const JobResult result = finish(pool, testing::still_job("/dev/null", scratch / "still", {10, 10}, 4096));
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.reason.find("4096"), std::string::npos) << result.reason;
}

TEST(WorkerPool, NoSuchProgramIsSaidAndMayPass) {
  WorkerPool pool({"/nonexistent/damfs-worker", 1, -1});
  const JobResult result = finish(pool, order("fine"));
  EXPECT_FALSE(result.ok);
  EXPECT_FALSE(result.permanent);
  EXPECT_NE(result.reason.find("/nonexistent/damfs-worker"), std::string::npos) << result.reason;
}

// What was done, in the order of the answers.
class Log {
 public:
  std::function<void(JobResult, UniqueFd)> entry(std::string name) {
    return [this, name = std::move(name)](const JobResult& result, const UniqueFd&) {
      const std::lock_guard lock(mutex_);
      entries_.push_back(name + (result.ok ? "" : "!"));
    };
  }
  std::vector<std::string> entries() {
    const std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> entries_;
};

TEST(WorkerPool, BetterClassesGoFirstAndEqualOnesInTurn) {
  Log log;
  WorkerPool pool(fake(1));
  std::promise<void> gate;
  Job first = order("fine");
  // Holds the only slot until everything is queued.
  first.done = [&, opened = gate.get_future().share()](const JobResult&, const UniqueFd&) { opened.wait(); };
  pool.submit(std::move(first));
  const auto submit = [&](const char* name, JobClass job_class) {
    Job job = order("fine");
    job.job_class = job_class;
    job.done = log.entry(name);
    return pool.submit(std::move(job));
  };
  submit("import", JobClass::kImport);
  submit("warm", JobClass::kWarm);
  const WorkerPool::Ticket dropped = submit("dropped", JobClass::kWarm);
  submit("prefetch 1", JobClass::kPrefetch);
  submit("prefetch 2", JobClass::kPrefetch);
  submit("interactive", JobClass::kInteractive);
  EXPECT_TRUE(pool.cancel(dropped));
  EXPECT_FALSE(pool.cancel(dropped));
  gate.set_value();
  Job last = order("fine");
  last.job_class = JobClass::kImport;
  finish(pool, std::move(last));
  EXPECT_EQ(log.entries(), (std::vector<std::string>{"interactive", "prefetch 1", "prefetch 2", "warm", "import"}));
}

TEST(WorkerPool, TheEndFailsWhatWaitsAndKillsWhatRuns) {
  const size_t before = open_descriptors();
  Log log;
  {
    WorkerPool pool(fake(1));
    for (int i = 0; i < 5; ++i) {
      Job job = order("hang", 3'600'000);
      job.done = log.entry(std::to_string(i));
      pool.submit(std::move(job));
    }
    // Until the first one runs.
    while (pool.counters().workers_running == 0) std::this_thread::yield();
  }
  EXPECT_EQ(log.entries(), (std::vector<std::string>{"0!", "1!", "2!", "3!", "4!"}));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(WorkerPool, LeaksNoDescriptorThroughCrashesAndCancels) {
  const size_t before = open_descriptors();
  {
    WorkerPool pool(fake(2));
    for (const char* what : {"fine", "crash", "garbage", "exit", "refuse", "half"}) finish(pool, order(what));
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace damfs
