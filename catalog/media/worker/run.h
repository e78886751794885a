// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "catalog/media/job.h"

namespace damfs::worker {

// Says that so many units stand in the output; false: end the run here.
using RunProgress = std::function<bool(int64_t units_done)>;
// Asked where a run is long on the way to its next unit; false: end it here.
using RunWanted = std::function<bool()>;

// Writes a run's next unit to its place and tells of it. Throws Error(EINVAL) for one that is not as long as declared.
bool hand_over(const Job& job, std::span<const uint8_t> unit, int64_t& done, const RunProgress& progress);

}  // namespace damfs::worker
