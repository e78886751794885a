// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace damfs {

// To the disk: 0, or an errno, never EINTR, for a flush that a signal interrupted is no failed one.
int flush(int file) noexcept;              // its bytes and all that is known of it; of a folder its names
int flush_data(int file) noexcept;         // its bytes, and what it takes to read them again
int flush_file_system(int file) noexcept;  // all of the one that it is on

}  // namespace damfs
