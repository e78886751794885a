// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/run.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/file.h"

namespace damfs::worker {

bool hand_over(const Job& job, std::span<const uint8_t> unit, int64_t& done, const RunProgress& progress) {
  const int64_t unit_bytes = job.run.unit_bytes;
  if (static_cast<int64_t>(unit.size()) > unit_bytes) {
    fail(EPROTO, "a unit of {} bytes where {} are declared", unit.size(), unit_bytes);
  }
  pwrite_all(job.output.get(), std::as_bytes(unit), static_cast<uint64_t>(done * unit_bytes), "a run's output");
  return progress(++done);
}

}  // namespace damfs::worker
