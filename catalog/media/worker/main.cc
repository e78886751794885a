// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <poll.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/archive/member_session.h"
#include "catalog/media/worker/archive/pack_index.h"
#include "catalog/media/worker/clip/clip_index.h"
#include "catalog/media/worker/clip/clip_session.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/sandbox/start.h"
#include "catalog/media/worker/source.h"
#include "catalog/media/worker/still/still.h"

namespace damfs::worker {
namespace {

// Whether the pool has meanwhile asked for the run's end.
bool is_stopped() {
  pollfd waiting{wire::kWorkerSocket, POLLIN, 0};
  if (::poll(&waiting, 1, 0) <= 0) return false;
  const auto frame = wire::receive_frame(wire::kWorkerSocket, 0, {});
  if (!frame) fail(EPIPE, "the pool is gone");
  if (frame->payload != wire::kStopPayload) fail(EPROTO, "a job in the middle of another");
  return true;
}

// What stays open from one job to the next.
struct Sessions {
  ClipSessions clips;
  MemberSessions members;
};

int64_t make_run(const Job& job, Sessions& sessions) {
  const RunProgress progress = [&job](int64_t done) {
    wire::send_frame(wire::kWorkerSocket, wire::progress_to_payload(done, job.run), {}, {});
    return !is_stopped();
  };
  if (job.type == JobType::kClip) return sessions.clips.render(job, progress);
  return sessions.members.unpack(job, progress, [] { return !is_stopped(); });
}

void render_still_job(const Job& job, JobResult& result) {
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<int> outputs{job.output.get()};
  sources.push_back(std::make_unique<Source>(job.source.get()));
  for (const UniqueFd& fd : job.more) {
    if (std::cmp_less(sources.size(), job.still.sources)) {
      sources.push_back(std::make_unique<Source>(fd.get()));
    } else {
      outputs.push_back(fd.get());
    }
  }
  const Rendered rendered = render_stills(sources, job.still, outputs);
  result.real_bytes = rendered.real_bytes;
  result.encodes = rendered.encodes;
  result.note = rendered.note;
}

JobResult work(const Job& job, Sessions& sessions) {
  forget_complaints();
  JobResult result;
  if (is_run(job.type)) {
    result.units_done = make_run(job, sessions);
  } else if (job.type == JobType::kStill) {
    render_still_job(job, result);
  } else {
    const Source source(job.source.get());
    if (job.type == JobType::kProbe) result.facts = probe(source, job.name);
    if (job.type == JobType::kClipIndex) result.real_bytes = KeyFrameIndex::build(source, job.output.get());
    if (job.type == JobType::kPackIndex) {
      const PackIndexOptions options{job.hash_members, job.look_at_pictures, job.charset};
      result.real_bytes = build_pack_index(source.bytes(), options, job.output.get());
    }
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

Job take_job(wire::Frame& frame) {
  Job job = wire::request_from_payload(frame.payload);
  const bool is_still = job.type == JobType::kStill;
  const size_t more = is_still ? static_cast<size_t>(job.still.sources) - 1 + job.still.also.size() : 0;
  const size_t given = frame.descriptors.size();
  const size_t least = job.type == JobType::kProbe ? 1 : 2 + more;
  const size_t most = is_run(job.type) ? 3 : least;
  if (given < least || given > most) fail(EPROTO, "a job with {} descriptors", given);
  job.source = std::move(frame.descriptors[0]);
  if (given > 1) job.output = std::move(frame.descriptors[1]);
  for (size_t i = 2; i < given; ++i) {
    if (is_still) {
      job.more.push_back(std::move(frame.descriptors[i]));
    } else {
      job.index = std::move(frame.descriptors[i]);
    }
  }
  return job;
}

void serve() {
  Sessions sessions;
  while (auto frame = wire::receive_frame(wire::kWorkerSocket, wire::kMaxDescriptors, {})) {
    if (frame->payload == wire::kStopPayload) continue;  // its run had ended already
    const Job job = take_job(*frame);
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
