// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/jobs/job_types.h"

// What jobs have in common that make an index of their source: one output, of which they tell how long it became.
namespace damfs::index_job {

std::string write_answer(const JobResult& result, const Job& job);
void read_answer(std::string_view text, const Job& job, JobResult& result);
std::vector<int64_t> output_bytes(const Job& job);
void take(const Job& job, std::span<const HandedOutput> outputs, const JobResult& result);

// The row of such a type, which has but its request of its own.
constexpr JobTypeRow row(JobType type, decltype(JobTypeRow::write_request) write,
                         decltype(JobTypeRow::read_request) read) {
  return {.type = type,
          .write_request = write,
          .read_request = read,
          .write_answer = write_answer,
          .read_answer = read_answer,
          .sources = one_source,
          .output_bytes = output_bytes,
          .take = take,
          .deadlines = one_deadline,
          .cost = cost_of_still};
}

}  // namespace damfs::index_job
