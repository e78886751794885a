// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/run_job.h"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"

namespace damfs::run_job {

void write_run(const Job& job, nlohmann::json& out) {
  const RunRequest& run = job.run;
  out["run"] = {{"unit_bytes", run.unit_bytes}, {"first", run.first}, {"count", run.count},
                {"last_bytes", run.last_bytes}, {"made", run.made},   {"session", run.session}};
}

void read_run(const nlohmann::json& in, Job& job) {
  const nlohmann::json& run = in.at("run");
  job.run.unit_bytes = run.at("unit_bytes").get<int64_t>();
  job.run.first = run.at("first").get<int64_t>();
  job.run.count = run.at("count").get<int64_t>();
  job.run.last_bytes = run.at("last_bytes").get<int64_t>();
  job.run.made = run.at("made").get<int64_t>();
  job.run.session = run.at("session").get<std::string>();
}

std::string units_to_text(int64_t units, const RunRequest& run) {
  return std::to_string(units) + ',' + std::to_string(run.bytes_of(units));
}

int64_t units_from_text(std::string_view text, const RunRequest& run) {
  const size_t comma = text.find(',');
  const int64_t said = comma != text.npos ? number_in_answer(text.substr(comma + 1)) : -1;
  const int64_t count = number_in_answer(text.substr(0, comma));
  if (count < 0 || count > run.count) fail(EPROTO, "{} units where {} were asked for", count, run.count);
  const int64_t bytes = run.bytes_of(count);
  if (said != bytes) fail(EPROTO, "{} units of {} bytes, {} were declared", count, said, bytes);
  return count;
}

std::string write_answer(const JobResult& result, const Job& job) { return units_to_text(result.units_done, job.run); }

void read_answer(std::string_view text, const Job& job, JobResult& result) {
  result.units_done = units_from_text(text, job.run);
}

std::vector<int64_t> output_bytes(const Job& job) { return {job.run.bytes_of(job.run.count)}; }

void take(const Job&, std::span<const HandedOutput>, const JobResult&) {}

int64_t units(const Job& job) { return std::max<int64_t>(1, job.run.count); }

}  // namespace damfs::run_job
