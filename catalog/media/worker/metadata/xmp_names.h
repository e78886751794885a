// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace damfs::worker {

// The prefix that a namespace usually has; empty for one that nobody here knows.
std::string_view usual_prefix(std::string_view name_space);

}  // namespace damfs::worker
