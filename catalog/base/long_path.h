// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include "catalog/base/file.h"

namespace damfs {

// A path of whatever length: the kernel takes 4,095 bytes of one at once, so the folders on the way to the rest are
// opened. Gives what `call(at, rest)` gives, which is what calls like openat(2) take; -1, with errno, where one of
// those folders cannot be opened.
int at_length(const Path& path, const std::function<int(int at, const char* rest)>& call);

}  // namespace damfs
