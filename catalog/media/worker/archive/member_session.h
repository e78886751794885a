// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "catalog/media/job.h"
#include "catalog/media/worker/run.h"

namespace damfs::worker {

// One member of an archive being read: where it stands it goes on, for a reader mostly does.
class MemberSession;

// The members that a worker has open.
class MemberSessions {
 public:
  MemberSessions();
  ~MemberSessions();
  int64_t unpack(const Job& job, const RunProgress& progress, const RunWanted& is_wanted);  // gives the units done

 private:
  std::list<std::unique_ptr<MemberSession>> sessions_;  // last used first
};

}  // namespace damfs::worker
