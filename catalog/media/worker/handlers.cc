// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/handlers.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/archive/pack_index.h"
#include "catalog/media/worker/clip/clip_index.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/probe.h"
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

RunProgress told_of(const Job& job) {
  return [&job](int64_t done) {
    wire::send_frame(wire::kWorkerSocket, wire::progress_to_payload(done, job.run), {}, {});
    return !is_stopped();
  };
}

void do_probe(const Job& job, Sessions&, JobResult& result) {
  result.facts = probe(Source(job.source.get()), job.name);
}

void do_still(const Job& job, Sessions&, JobResult& result) {
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

void do_clip(const Job& job, Sessions& sessions, JobResult& result) {
  result.units_done = sessions.clips.render(job, told_of(job));
}

void do_clip_index(const Job& job, Sessions&, JobResult& result) {
  result.real_bytes = KeyFrameIndex::build(Source(job.source.get()), job.output.get());
}

void do_pack_index(const Job& job, Sessions&, JobResult& result) {
  const Source source(job.source.get());
  result.real_bytes = build_pack_index(source.bytes(), job.pack_index, job.output.get());
}

void do_member(const Job& job, Sessions& sessions, JobResult& result) {
  result.units_done = sessions.members.unpack(job, told_of(job), [] { return !is_stopped(); });
}

constexpr Handler kHandlers[] = {
    {JobType::kProbe, do_probe},          {JobType::kStill, do_still},          {JobType::kClip, do_clip},
    {JobType::kClipIndex, do_clip_index}, {JobType::kPackIndex, do_pack_index}, {JobType::kMember, do_member},
};

}  // namespace

std::span<const Handler> handlers() { return kHandlers; }

JobResult work(const Job& job, Sessions& sessions) {
  const auto* handler = std::find_if(std::begin(kHandlers), std::end(kHandlers),
                                     [&](const Handler& each) { return each.type == job.type; });
  if (handler == std::end(kHandlers)) fail(EPROTO, "a job of an unknown type");
  forget_complaints();
  JobResult result;
  handler->work(job, sessions, result);
  result.ok = true;
  return result;
}

}  // namespace damfs::worker
