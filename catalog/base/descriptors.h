// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/base/unique_fd.h"

namespace damfs {

// Raises the soft limit of descriptors, which is low only for programs that use select(), to the hard one. Call it
// before there are threads.
void raise_descriptor_limit() noexcept;

// Returns `fd`, unless it is one of the last descriptors that this process may have: those are a reserve for what
// closing, syncing and the catalog need. Then it throws EMFILE, so that whoever opens too many is refused, and nobody
// else.
UniqueFd outside_reserve(UniqueFd fd);

}  // namespace damfs
