// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/index_job.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/file.h"

namespace damfs::index_job {
namespace {

// An index grows with what it is of, and that may be an archive that holds many times its own size.
constexpr int64_t kIndexAtLeast = int64_t{1} << 20;
constexpr int64_t kIndexTimesSource = 16;
constexpr int64_t kIndexAtMost = int64_t{512} << 20;

}  // namespace

std::string write_answer(const JobResult& result, const Job&) { return std::to_string(result.real_bytes); }

void read_answer(std::string_view text, const Job&, JobResult& result) {
  const int64_t count = number_in_answer(text);
  if (count <= 0) fail(EPROTO, "a file of {} bytes", count);
  result.real_bytes = count;
}

std::vector<int64_t> output_bytes(const Job& job) {
  const int64_t size = stat_fd(job.source.get(), "a source").st_size;
  return {size > kIndexAtMost / kIndexTimesSource ? kIndexAtMost : std::max(kIndexAtLeast, size * kIndexTimesSource)};
}

void take(const Job& job, std::span<const HandedOutput> outputs, const JobResult& result) {
  const HandedOutput& output = outputs.front();
  const int64_t written = output.written(0, result.real_bytes);
  if (written != result.real_bytes) {
    fail(EPROTO, "the output has {} bytes, {} were declared", written, result.real_bytes);
  }
  output.copy(0, result.real_bytes, job.output.get());
}

}  // namespace damfs::index_job
