// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "catalog/media/job.h"
#include "catalog/media/worker/archive/member_session.h"
#include "catalog/media/worker/clip/clip_session.h"

namespace damfs::worker {

// What stays open from one job to the next.
struct Sessions {
  ClipSessions clips;
  MemberSessions members;
};

// How a worker does a type of job.
struct Handler {
  JobType type{};
  void (*work)(const Job& job, Sessions& sessions, JobResult& result) = nullptr;
};

// One for each row of job_types().
std::span<const Handler> handlers();

// Does it. Throws what is wrong with the source; Error(EPIPE) and Error(EPROTO): with the pool.
JobResult work(const Job& job, Sessions& sessions);

}  // namespace damfs::worker
