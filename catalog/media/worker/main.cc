// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/handlers.h"
#include "catalog/media/worker/sandbox/start.h"

namespace damfs::worker {
namespace {

JobResult failure(std::string_view reason, bool permanent) {
  JobResult result;
  result.reason = printable(reason);
  result.permanent = permanent;
  return result;
}

// Faults of the machine may pass; everything else lies in the file.
bool is_passing(int code) { return code == ENOSPC || code == EIO || code == EDQUOT || code == EMFILE; }

JobResult work_guarded(const Job& job, Sessions& sessions) {
  try {
    return work(job, sessions);
  } catch (const Error& error) {
    if (error.code() == EPIPE || error.code() == EPROTO) throw;  // not the file's fault
    return failure(error.what(), !is_passing(error.code()));
  } catch (const std::bad_alloc&) {
    return failure("it needs more memory than a worker is given", true);
  } catch (const std::exception& error) {
    return failure(error.what(), true);
  }
}

void serve() {
  Sessions sessions;
  while (auto frame = wire::receive_frame(wire::kWorkerSocket, wire::kMaxDescriptors, {})) {
    if (frame->payload == wire::kStopPayload) continue;  // its run had ended already
    Job job = wire::request_from_payload(frame->payload);
    wire::take_descriptors(job, std::move(frame->descriptors));
    const JobResult result = work_guarded(job, sessions);
    wire::send_frame(wire::kWorkerSocket, wire::result_to_payload(result, job), {}, {});
  }
}

}  // namespace
}  // namespace damfs::worker

int main() {
  try {
    damfs::worker::run_worker(damfs::worker::serve);
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
