// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/media/job.h"
#include "catalog/media/jobs/handed_output.h"

namespace damfs {

// What one attempt at a job writes to.
class HandedOutputs {
 public:
  explicit HandedOutputs(const Job& job);

  // What goes beside its request (wire::descriptors_of).
  std::vector<int> descriptors(const Job& job) const;

  // These throw Error(EPROTO) where less was written than is said.
  int take_units(const Job& job, int64_t from, int64_t to) const;  // the descriptor that they stand in
  void take_whole(const Job& job, const JobResult& result) const;  // JobTypeRow::take

 private:
  std::vector<HandedOutput> outputs_;
};

}  // namespace damfs
