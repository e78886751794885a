// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cerrno>

namespace damfs {

// Whether that errno says that there is no room: on the disk, or of what its owner may have of it.
constexpr bool is_out_of_room(int code) { return code == ENOSPC || code == EDQUOT; }

}  // namespace damfs
