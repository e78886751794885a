// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fuse_lowlevel.h>
#include <sys/stat.h>

#include <string_view>

#include "views/frame/node.h"

namespace damfs {

// Whom the files of a mount belong to.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
  bool is_private = false;  // every folder but those of originals/ is the owner's alone
};

// Timeouts of what the kernel caches, in seconds. Long, because what changes is invalidated.
struct Timeouts {
  double attributes = 86400;
  double entry = 86400;
  // For a name that may have several spellings: the feed has names in NFC, so that the entry of another spelling would
  // not be invalidated.
  double other_spelling = 1;
};

struct stat to_stat(const Attributes& attributes, Owner owner) noexcept;

fuse_entry_param to_entry(const Attributes& attributes, Owner owner, const Timeouts& timeouts) noexcept;

// The timeout of an entry that was looked up, found or not.
double entry_timeout(std::string_view name, const Timeouts& timeouts) noexcept;

}  // namespace damfs
