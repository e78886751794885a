// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "catalog/base/error.h"
#include "catalog/media/jobs/job_types.h"
#include "catalog/media/worker/handlers.h"

namespace damfs::worker {
namespace {

TEST(WorkerHandlers, ThereIsOneForEachTypeOfJob) {
  std::set<JobType> handled, known;
  for (const Handler& handler : handlers()) {
    EXPECT_TRUE(handled.insert(handler.type).second) << static_cast<int>(handler.type);
    EXPECT_NE(handler.work, nullptr);
  }
  for (const JobTypeRow* row : job_types()) known.insert(row->type);
  EXPECT_EQ(handled, known);
}

TEST(WorkerHandlers, AJobThatNobodyKnowsIsNotDone) {
  Job job;
  job.type = static_cast<JobType>(200);
  Sessions sessions;
  try {
    work(job, sessions);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EPROTO);
  }
}

}  // namespace
}  // namespace damfs::worker
