// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace damfs::worker {

// Libraries open a few files by name long after they were started: a font when a page has text, the number of
// processors when a decoder makes threads. They are opened before the process gives up opening, and whoever asks for
// exactly such a path later gets a duplicate. No call that takes a path ever reaches the kernel.

// Absolute path; one that is not there now will not be there later. Too many are passed over. For start-up.
void keep_file(const char* path);

// Handles SIGSYS, which the filter sends for calls that take a path: kept files are opened, looked at and found
// readable; below the system's own data (/usr, /lib, /etc/fonts) nothing else is there; any other path ends the
// process by SIGSYS.
void answer_for_kept_files();

}  // namespace damfs::worker
