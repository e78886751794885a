// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/job.h"
#include "catalog/media/jobs/handed_output.h"

// What the pool, the wire and the worker know of a type of job. Each type's row stands in a file of its own, beside the
// request it is made with; how a worker does it is in worker/handlers.cc.
namespace damfs {

struct JobTypeRow {
  JobType type{};
  // Such jobs make a run of pieces, one behind the other, and tell of each (RunRequest); besides their output they may
  // be given an index.
  bool is_run = false;

  // What is asked, but for descriptors. `read` may throw nlohmann's exceptions, and Error(EPROTO).
  void (*write_request)(const Job& job, nlohmann::json& out) = nullptr;
  void (*read_request)(const nlohmann::json& in, Job& job) = nullptr;

  // What is said of a job that was done. `read` trusts nothing: Error(EPROTO) for what cannot be the answer to that
  // job.
  std::string (*write_answer)(const JobResult& result, const Job& job) = nullptr;
  void (*read_answer)(std::string_view text, const Job& job, JobResult& result) = nullptr;

  // How many files it reads: Job::source, and of Job::more as many as are missing.
  size_t (*sources)(const Job& job) = nullptr;
  // What a worker is handed to write to: the bytes of each output, Job::output's first, and then those behind the
  // sources in Job::more. Asks for the size of Job::source where they depend on it.
  std::vector<int64_t> (*output_bytes)(const Job& job) = nullptr;
  // Into the job's own outputs what stands in those that were handed out, once it is done. Error(EPROTO) where less was
  // written than is said. A run's pieces were taken as they came.
  void (*take)(const Job& job, std::span<const HandedOutput> outputs, const JobResult& result) = nullptr;

  // For how many deadlines (Job::deadline_ms) it may compute on every core.
  int64_t (*deadlines)(const Job& job) = nullptr;
  // What its reader pays for it of a fair share (job_queue.h), in frames of a clip.
  int64_t (*cost)(const Job& job) = nullptr;
};

extern const JobTypeRow kProbeJob, kStillJob, kClipJob, kClipIndexJob, kPackIndexJob, kMemberJob;

// By number.
std::span<const JobTypeRow* const> job_types();

// Error(EPROTO) for a number that no type has.
const JobTypeRow& job_type(int64_t number);
inline const JobTypeRow& job_type(JobType type) { return job_type(static_cast<int64_t>(type)); }

inline bool is_run(JobType type) { return job_type(type).is_run; }

// What most types have in their rows.
inline size_t one_source(const Job&) { return 1; }
inline int64_t one_deadline(const Job&) { return 1; }
inline int64_t cost_of_still(const Job&) { return 4; }  // a photo's takes a worker about as long

// The number that a worker's answer consists of. Error(EPROTO) for anything else.
int64_t number_in_answer(std::string_view text);

}  // namespace damfs
