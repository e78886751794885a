// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "catalog/base/digest.h"
#include "catalog/base/file.h"

namespace damfs {

// Files with holes: what nobody ever wrote takes no room on a disk, is read as zeros, and need not be read to be known.

// Bytes [begin, end) of a file that are on its disk.
struct Extent {
  uint64_t begin = 0;
  uint64_t end = 0;
};
// The first one from `from` on, cut off at `end`; empty: only a hole is left. Where the file system cannot tell, all is
// data.
std::optional<Extent> data_from(int fd, uint64_t from, uint64_t end);

// How many of the file's first `size` bytes are no hole.
uint64_t data_bytes(int fd, uint64_t size);

// The offset that lseek(2) gives for SEEK_DATA and SEEK_HOLE in a file of that size; empty: ENXIO.
std::optional<uint64_t> seek_data(int fd, uint64_t from, uint64_t size);
std::optional<uint64_t> seek_hole(int fd, uint64_t from, uint64_t size);

// Bytes [from, end) go into the hash, and holes are not read. Throws EIO where the file is shorter.
void hash_range(Sha256& hash, int fd, uint64_t from, uint64_t end, const Path& path_for_messages);

}  // namespace damfs
