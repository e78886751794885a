// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/messages.h"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/jobs/job_types.h"
#include "catalog/media/jobs/run_job.h"

namespace damfs::wire {
namespace {

// The first byte of an answer.
constexpr char kOk = '+';
constexpr char kFailedForGood = '-';
constexpr char kFailedForNow = '!';
constexpr char kProgress = '=';

}  // namespace

std::string request_to_payload(const Job& job) {
  nlohmann::json out = {{"type", static_cast<int>(job.type)}};
  job_type(job.type).write_request(job, out);
  return out.dump();
}

Job request_from_payload(std::string_view payload) {
  try {
    const nlohmann::json in = nlohmann::json::parse(payload.begin(), payload.end());
    const JobTypeRow& row = job_type(in.at("type").get<int64_t>());
    Job job;
    job.type = row.type;
    row.read_request(in, job);
    return job;
  } catch (const nlohmann::json::exception& error) {
    fail(EPROTO, "a malformed job: {}", error.what());
  }
}

std::vector<int> descriptors_of(const Job& job, std::span<const int> outputs) {
  std::vector<int> out{job.source.get()};
  const size_t further = std::min(job.more.size(), job_type(job.type).sources(job) - 1);
  for (size_t i = 0; i < further; ++i) out.push_back(job.more[i].get());
  out.insert(out.end(), outputs.begin(), outputs.end());
  if (job.index) out.push_back(job.index.get());
  return out;
}

void take_descriptors(Job& job, std::vector<UniqueFd> descriptors) {
  const JobTypeRow& row = job_type(job.type);
  const size_t given = descriptors.size();
  if (given == 0) fail(EPROTO, "a job without descriptors");
  job.source = std::move(descriptors[0]);
  const size_t sources = row.sources(job);
  const size_t outputs = row.output_bytes(job).size();
  const size_t least = sources + outputs;
  if (given < least || given > least + (row.is_run ? 1 : 0)) fail(EPROTO, "a job with {} descriptors", given);
  for (size_t i = 1; i < least; ++i) {
    if (i == sources) {
      job.output = std::move(descriptors[i]);
    } else {
      job.more.push_back(std::move(descriptors[i]));
    }
  }
  if (given > least) job.index = std::move(descriptors[least]);
}

std::string result_to_payload(const JobResult& result, const Job& job) {
  if (!result.ok) return (result.permanent ? kFailedForGood : kFailedForNow) + result.reason;
  return kOk + job_type(job.type).write_answer(result, job);
}

std::string progress_to_payload(int64_t units_done, const RunRequest& run) {
  return kProgress + run_job::units_to_text(units_done, run);
}

std::optional<int64_t> progress_from_payload(std::string_view payload, const Job& job) {
  if (!payload.starts_with(kProgress) || !is_run(job.type)) return std::nullopt;
  const int64_t done = run_job::units_from_text(payload.substr(1), job.run);
  if (done <= job.run.made) fail(EPROTO, "{} units are made, as many as before", done);
  return done;
}

JobResult result_from_payload(std::string_view payload, const Job& job) {
  if (payload.empty()) fail(EPROTO, "an empty answer");
  const char status = payload.front();
  payload.remove_prefix(1);
  JobResult result;
  if (status == kFailedForGood || status == kFailedForNow) {
    result.permanent = status == kFailedForGood;
    result.reason = printable(payload.substr(0, FactLimits::kSentence));
    if (result.reason.empty()) result.reason = "the worker gave no reason";
    return result;
  }
  if (status != kOk) fail(EPROTO, "an answer that is neither yes nor no");
  job_type(job.type).read_answer(payload, job, result);
  result.ok = true;
  return result;
}

}  // namespace damfs::wire
