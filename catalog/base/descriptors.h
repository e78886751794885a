// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/base/unique_fd.h"

namespace damfs {

// As many descriptors as this process may have: the soft limit, which is there for programs that use select(), goes up
// to the hard one. Call it before there are threads.
void raise_descriptor_limit() noexcept;

// What was opened for somebody's file, given back when it is not among the last that there are: those are kept for what
// closing, syncing and the catalog need, so that whoever opens too many is refused (EMFILE) and nobody else.
UniqueFd but_not_the_last(UniqueFd fd);

}  // namespace damfs
