// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "catalog/base/error.h"
#include "catalog/media/jobs/job_types.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/wire.h"

namespace {

using namespace damfs;

Job job_of(uint8_t type) {
  Job job;
  job.type = job_types()[type % job_types().size()]->type;
  job.still.declared_bytes = 4096;
  job.still.also = {{{16, 9}, 8192}};
  job.run = {.unit_bytes = 1000, .first = 7, .count = 5, .last_bytes = 10, .made = 1, .session = {}};
  return job;
}

// What is taken of an answer lies within what was asked for.
void check(const Job& job, const JobResult& result) {
  if (!result.ok) {
    if (result.reason.empty()) std::abort();
    return;
  }
  if (is_run(job.type) && (result.units_done < 0 || result.units_done > job.run.count)) std::abort();
  if (job.type == JobType::kStill && (result.real_bytes <= 0 || result.real_bytes > 4096 + 8192)) std::abort();
  if (result.encodes < 0 || result.real_bytes < 0) std::abort();
  const std::string once = wire::result_to_payload(result, job);
  if (wire::result_to_payload(wire::result_from_payload(once, job), job) != once) std::abort();
}

void converse(int socket, Job job) {
  const wire::Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(1), -1};
  while (const auto frame = wire::receive_frame(socket, 0, patience)) {
    if (!frame->descriptors.empty()) std::abort();
    if (const auto done = wire::progress_from_payload(frame->payload, job)) {
      if (*done <= job.run.made || *done > job.run.count) std::abort();
      job.run.made = *done;
      continue;
    }
    check(job, wire::result_from_payload(frame->payload, job));
  }
}

}  // namespace

// All that a worker that was taken over may send: the first byte says what it was asked, the rest goes through its
// socket.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return 0;
  const UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  (void)!::send(theirs.get(), data + 1, size - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  theirs.reset();
  try {
    converse(ours.get(), job_of(data[0]));
  } catch (const Error& error) {
    if (error.code() != EPROTO && error.code() != EPIPE) std::abort();
  }
  return 0;
}
