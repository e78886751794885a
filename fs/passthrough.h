// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace damfs {

// Why the kernel does not read originals by itself, past this process. The one place that decides it.
std::string passthrough_state();

}  // namespace damfs
