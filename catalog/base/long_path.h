// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include "catalog/base/file.h"

namespace damfs {

// Calls `call(at, rest)`, as openat(2) takes them, for a path of any length: the kernel takes 4,095 bytes at once, so
// the leading folders of a longer one are opened first. Returns what `call` returns; -1, with errno, where one of those
// folders cannot be opened.
int at_length(const Path& path, const std::function<int(int at, const char* rest)>& call);

}  // namespace damfs
