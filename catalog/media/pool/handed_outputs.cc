// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/handed_outputs.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/jobs/job_types.h"
#include "catalog/media/jobs/messages.h"

namespace damfs {

HandedOutputs::HandedOutputs(const Job& job) {
  for (const int64_t bytes : job_type(job.type).output_bytes(job)) outputs_.emplace_back(bytes);
}

std::vector<int> HandedOutputs::descriptors(const Job& job) const {
  std::vector<int> outputs;
  for (const HandedOutput& output : outputs_) outputs.push_back(output.fd());
  return wire::descriptors_of(job, outputs);
}

int HandedOutputs::take_units(const Job& job, int64_t from, int64_t to) const {
  const HandedOutput& output = outputs_.front();
  const int64_t begin = job.run.bytes_of(from);
  const int64_t end = job.run.bytes_of(to);
  const int64_t written = output.written(begin, end);
  if (written < end - begin) fail(EPROTO, "{} bytes for units of {}", written, end - begin);
  if (!job.output) return output.fd();
  output.copy(begin, end, job.output.get());
  return job.output.get();
}

void HandedOutputs::take_whole(const Job& job, const JobResult& result) const {
  job_type(job.type).take(job, outputs_, result);
}

}  // namespace damfs
