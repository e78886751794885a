// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "catalog/media/job.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

// Makes the still and writes it; returns its real bytes. Throws Error with a reason for people.
int64_t render_still(const Source& source, const StillRequest& request, int output);

}  // namespace damfs::worker
