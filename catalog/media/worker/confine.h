// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace damfs::worker {

// What this process gives up before it looks at anybody's file. `confine_early` comes before the libraries
// are loaded with their tables, `confine` after: from then on no file needs to be opened any more.
void confine_early();
void confine();

}  // namespace damfs::worker
