// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "catalog/media/job.h"

// What the pool and a worker say to each other, in frames (wire.h).
namespace damfs::wire {

// Sent by the pool while a clip's run is under way: end behind the unit at hand. A worker to which it comes too late
// passes over it.
inline constexpr std::string_view kStopPayload = ".";

// A job as a frame's payload. `from`: EPROTO for what is no job.
std::string request_to_payload(const Job& job);
Job request_from_payload(std::string_view payload);

// The descriptors that go beside it: its sources, then `outputs`, then the index, as far as there are such. `take`:
// those that came with a request; EPROTO for another number than that job has.
std::vector<int> descriptors_of(const Job& job, std::span<const int> outputs);
void take_descriptors(Job& job, std::vector<UniqueFd> descriptors);

// The answer. `from` trusts nothing (EPROTO) and leaves `reason` printable.
std::string result_to_payload(const JobResult& result, const Job& job);
JobResult result_from_payload(std::string_view payload, const Job& job);

// What a worker says of a run before its answer: so many units are made, of so many bytes. `from`: empty when it is the
// answer; EPROTO for a count that cannot be, or that is no more than was said before (job.run.made).
std::string progress_to_payload(int64_t units_done, const RunRequest& run);
std::optional<int64_t> progress_from_payload(std::string_view payload, const Job& job);

}  // namespace damfs::wire
