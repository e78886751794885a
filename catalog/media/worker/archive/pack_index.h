// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "catalog/media/jobs/pack_index_job.h"
#include "catalog/media/pack.h"

namespace damfs::worker {

// How many bytes are read in vain, at the most, by whoever begins anywhere in a deflated member: the checkpoints'
// distance, but for a block that is longer than that.
inline constexpr int64_t kCheckpointGap = 896 << 10;

// What stands in an archive, each member read through once: its CRC-32 is compared, its checkpoints noted, and with
// `hash_members` its SHA-256 made; with `look_at_pictures` what is called a picture is looked at. `charset`:
// ZipArchive::read_names_as. Members that cannot be read have a reason; the archive as a whole throws Error(EINVAL).
// Returns the index's size.
int64_t build_pack_index(std::span<const uint8_t> archive, const PackIndexRequest& options, int output);

}  // namespace damfs::worker
