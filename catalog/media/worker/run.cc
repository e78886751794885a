// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/run.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/file.h"

namespace damfs::worker {

bool hand_over(const Job& job, std::span<const uint8_t> unit, int64_t& done, const RunProgress& progress) {
  const int64_t at = job.run.bytes_of(done);
  const int64_t declared = job.run.bytes_of(done + 1) - at;
  if (static_cast<int64_t>(unit.size()) != declared) {
    fail(EINVAL, "a piece of it has {} bytes where {} are declared", unit.size(), declared);
  }
  pwrite_all(job.output.get(), std::as_bytes(unit), static_cast<uint64_t>(at), "a run's output");
  return progress(++done);
}

}  // namespace damfs::worker
