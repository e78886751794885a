// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace damfs {

class Library;

// A daemon that was killed while the kernel held one of its threads does not end, and neither does anybody who waits
// for its answers, until its connection is cut.
void cut_dying_mounts(const Library& library);

}  // namespace damfs
