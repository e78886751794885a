// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fuse_lowlevel.h>
#include <sys/stat.h>

#include <string_view>

#include "views/node.h"

namespace damfs {

// Whom the files of a mount belong to.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
  bool is_private = false;  // every folder but those of originals/ is the owner's alone
};

// How long, in seconds, the kernel may believe what it was told. Long, because the catalog's feed of changes
// takes back exactly what no longer holds.
struct Timeouts {
  double attributes = 86400;
  double entry = 86400;
  // For a name asked for in a spelling of which the feed, which speaks NFC, may know another one: what it takes
  // back would not reach this entry.
  double other_spelling = 1;
};

struct stat to_stat(const Attributes& attributes, Owner owner) noexcept;

fuse_entry_param to_entry(const Attributes& attributes, Owner owner, const Timeouts& timeouts) noexcept;

// How long a name that was looked up (found or not) may be believed.
double entry_timeout(std::string_view name, const Timeouts& timeouts) noexcept;

}  // namespace damfs
