// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/confine.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/mime.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/source.h"
#include "catalog/media/worker/still.h"

namespace damfs::worker {
namespace {

JobResult work(const Job& job) {
  forget_complaints();
  JobResult result;
  const Source source(job.source.get());
  if (job.type == JobType::kProbe) {
    result.facts = probe(source, job.name);
  } else {
    result.real_bytes = render_still(source, job.still, job.output.get());
  }
  result.ok = true;
  return result;
}

JobResult failure(std::string_view reason, bool permanent) {
  JobResult result;
  result.reason = printable(reason);
  result.permanent = permanent;
  return result;
}

// Faults of the machine may pass; everything else lies in the file.
bool is_passing(int code) { return code == ENOSPC || code == EIO || code == EDQUOT || code == EMFILE; }

JobResult work_guarded(const Job& job) {
  try {
    return work(job);
  } catch (const Error& error) {
    return failure(error.what(), !is_passing(error.code()));
  } catch (const std::bad_alloc&) {
    return failure("it needs more memory than a worker is given", true);
  } catch (const std::exception& error) {
    return failure(error.what(), true);
  }
}

Job take_job(wire::Frame& frame) {
  Job job = wire::request_from_payload(frame.payload);
  const size_t expected = job.type == JobType::kProbe ? 1 : 2;
  if (frame.descriptors.size() != expected) fail(EPROTO, "a job with {} descriptors", frame.descriptors.size());
  job.source = std::move(frame.descriptors[0]);
  if (expected == 2) job.output = std::move(frame.descriptors[1]);
  return job;
}

void serve() {
  while (auto frame = wire::receive_frame(wire::kWorkerSocket, wire::kMaxDescriptors, {})) {
    const Job job = take_job(*frame);
    const JobResult result = work_guarded(job);
    wire::send_frame(wire::kWorkerSocket, wire::result_to_payload(result, job.type), {}, {});
  }
}

}  // namespace
}  // namespace damfs::worker

int main() {
  try {
    damfs::worker::confine_early();
    damfs::worker::start_libraries();
    damfs::worker::load_magic();
    damfs::worker::confine();
    damfs::worker::serve();
    return 0;
  } catch (const damfs::Error& error) {
    if (error.code() == EPIPE) return 0;  // the pool is gone
    std::fprintf(stderr, "damfs-worker: %s\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "damfs-worker: %s\n", error.what());
    return 1;
  }
}
