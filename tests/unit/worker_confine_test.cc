// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/pool/worker_process.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/sandbox/confine.h"
#include "tests/unit/media_fixture.h"

// A worker that tries what stands at the end of its source (tests/confined), which no worker may.

namespace damfs::testing {
namespace {

Path program() { return program_path().parent_path() / "damfs-confined-act"; }

class WorkerConfine : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!worker::kCanConfine) GTEST_SKIP() << "a worker with sanitizers is not confined";
  }

  // One job for a worker of its own. Empty: the worker ended over it, `end_` says how.
  std::optional<JobResult> attempt(const std::string& act, std::chrono::seconds processor_time = kPlenty) {
    const Path source = scratch_ / "source";
    write_file(source, "damfs-act:" + act);
    Job job = still_job(source, scratch_ / "output", {1, 1}, 4096);
    WorkerProcess worker(program(), -1);
    worker.allow_processor_time(processor_time);
    const std::array<int, 2> descriptors{job.source.get(), job.output.get()};
    wire::send_frame(worker.socket(), wire::request_to_payload(job), descriptors, {});
    const auto frame = wire::receive_frame(worker.socket(), 0, {});
    status_ = read_text(fmt::format("/proc/{}/status", worker.pid()), 1U << 16).value_or("");
    if (frame) return wire::result_from_payload(frame->payload, job);
    end_ = worker.end();
    return std::nullopt;
  }

  static constexpr std::chrono::seconds kPlenty{600};
  ScratchFolder scratch_;
  WorkerProcess::End end_;
  std::string status_;  // as the kernel told it when the worker had answered
};

struct Fate {
  std::string act, fate, number;  // of the signal that ends it, or of the error that it meets
};

std::vector<Fate> fates() {
  std::istringstream lines(run({program().string(), "--list"}).output);
  std::vector<Fate> out;
  Fate fate;
  while (lines >> fate.act >> fate.fate >> fate.number) out.push_back(fate);
  return out;
}

TEST_F(WorkerConfine, EveryActMeetsItsFate) {
  const std::vector<Fate> all = fates();
  ASSERT_GT(all.size(), 50U);
  for (const Fate& fate : all) {
    const std::optional<JobResult> answer = attempt(fate.act);
    if (fate.fate == "ends") {
      EXPECT_FALSE(answer) << fate.act << ": " << answer->reason;
      EXPECT_EQ(std::to_string(end_.signal), fate.number) << fate.act << ": " << end_.text;
    } else {
      ASSERT_TRUE(answer) << fate.act << ": " << end_.text;
      EXPECT_EQ(answer->reason, fate.fate == "refused" ? "refused: " + fate.number : "it was done") << fate.act;
    }
    end_ = {};
  }
}

TEST_F(WorkerConfine, TheEndIsToldInWords) {
  EXPECT_FALSE(attempt("open"));
  EXPECT_EQ(end_.text, "the worker was stopped: it tried what a worker must not (a forbidden system call)");
}

TEST_F(WorkerConfine, LandlockIsASecondWall) {
  constexpr long kCreateRuleset = 444;
  if (::syscall(kCreateRuleset, nullptr, 0, 1) < 1) GTEST_SKIP() << "this kernel has no Landlock, or not switched on";
  EXPECT_EQ(run({program().string(), "--landlock"}).output, std::to_string(EACCES) + '\n');
}

TEST_F(WorkerConfine, MemoryIsLimited) {
  const std::optional<JobResult> answer = attempt("all-memory");
  ASSERT_TRUE(answer) << end_.text;
  EXPECT_EQ(answer->reason, "std::bad_alloc");
}

TEST_F(WorkerConfine, OutputIsLimited) {
  EXPECT_FALSE(attempt("disk"));
  EXPECT_EQ(end_.signal, SIGXFSZ) << end_.text;
}

TEST_F(WorkerConfine, DescriptorsAreLimited) {
  const std::optional<JobResult> answer = attempt("descriptors");
  ASSERT_TRUE(answer) << end_.text;
  EXPECT_EQ(answer->reason, "refused");
}

TEST_F(WorkerConfine, ProcessorTimeIsLimited) {
  EXPECT_FALSE(attempt("processor", std::chrono::seconds(1)));
  EXPECT_EQ(end_.signal, SIGXCPU) << end_.text;
}

TEST_F(WorkerConfine, TheKernelKnowsItAsConfined) {
  const std::optional<JobResult> answer = attempt("thread");
  ASSERT_TRUE(answer) << end_.text;
  EXPECT_NE(status_.find("NoNewPrivs:\t1"), std::string::npos) << status_;
  EXPECT_NE(status_.find("Seccomp:\t2"), std::string::npos) << status_;
}

// ImageMagick's own pictures and FITS of several planes are read by libraries that are off; without them nobody here
// knows either.
TEST(WorkerLoaders, ImageMagickAndOtherUntrustedOnesAreOff) {
  const ScratchFolder scratch;
  write_file(scratch / "a.miff",
             std::string("id=ImageMagick  version=1.0\nclass=DirectClass  colors=0  alpha-trait=Undefined\n"
                         "columns=1  rows=1  depth=8\ncolorspace=sRGB\n\f\n:\x1A") +
                 "\xFF\x80\x40");
  std::string fits;
  for (const std::string card :
       {"SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    3",
        "NAXIS1  =                    4", "NAXIS2  =                    4", "NAXIS3  =                    3", "END"}) {
    fits += card + std::string(80 - card.size(), ' ');
  }
  fits.resize(2880, ' ');
  write_file(scratch / "a.fits", fits + std::string(2880, '\1'));
  WorkerPool pool({program_path().parent_path() / "damfs-worker", 1, -1});
  for (const char* name : {"a.miff", "a.fits"}) {
    const JobResult result = finish(pool, probe_job(scratch / name));
    ASSERT_TRUE(result.ok) << name << ": " << result.reason;
    EXPECT_TRUE(result.facts.mime.starts_with("image/")) << result.facts.mime;
    EXPECT_FALSE(result.facts.still) << name;
    EXPECT_FALSE(result.facts.problem.empty()) << name;
  }
}

}  // namespace
}  // namespace damfs::testing
