// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/jobs/job_types.h"

// What jobs have in common that make a run: one output, and an answer that counts units and, behind a comma, their
// bytes.
namespace damfs::run_job {

void write_run(const Job& job, nlohmann::json& out);
void read_run(const nlohmann::json& in, Job& job);

// So many of a run's units are made, of so many bytes. `from`: Error(EPROTO) for a count that cannot be.
std::string units_to_text(int64_t units, const RunRequest& run);
int64_t units_from_text(std::string_view text, const RunRequest& run);

std::string write_answer(const JobResult& result, const Job& job);
void read_answer(std::string_view text, const Job& job, JobResult& result);
std::vector<int64_t> output_bytes(const Job& job);
void take(const Job& job, std::span<const HandedOutput> outputs, const JobResult& result);
int64_t units(const Job& job);

// The row of such a type: what it is asked with, beside the run, is all it has of its own.
constexpr JobTypeRow row(JobType type, decltype(JobTypeRow::write_request) write,
                         decltype(JobTypeRow::read_request) read) {
  return {.type = type,
          .is_run = true,
          .write_request = write,
          .read_request = read,
          .write_answer = write_answer,
          .read_answer = read_answer,
          .sources = one_source,
          .output_bytes = output_bytes,
          .take = take,
          .deadlines = units,
          .cost = units};
}

}  // namespace damfs::run_job
