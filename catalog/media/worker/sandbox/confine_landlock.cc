// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "catalog/base/error.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/worker/sandbox/confine.h"

// Spelled out here, as the C library has no functions for it and its kernel headers are often older than the kernel.
// The numbers are those of every architecture.
namespace damfs::worker {
namespace {

#ifdef SYS_landlock_create_ruleset
constexpr long kCreateRuleset = SYS_landlock_create_ruleset;
constexpr long kRestrictSelf = SYS_landlock_restrict_self;
#else
constexpr long kCreateRuleset = 444;
constexpr long kRestrictSelf = 446;
#endif
constexpr unsigned kAskVersion = 1;

struct RulesetAttributes {
  uint64_t handled_files = 0;
  uint64_t handled_network = 0;
  uint64_t scoped = 0;
};

// Every right there is in that version of Landlock. The kernel refuses those it does not know.
RulesetAttributes everything(long version) {
  RulesetAttributes all;
  all.handled_files = (uint64_t{1} << 13) - 1;               // execute, read, write, list, remove, make
  if (version >= 2) all.handled_files |= uint64_t{1} << 13;  // link and rename to other folders
  if (version >= 3) all.handled_files |= uint64_t{1} << 14;  // truncate
  if (version >= 5) all.handled_files |= uint64_t{1} << 15;  // ioctl on devices
  if (version >= 4) all.handled_network = 0b11;              // TCP: bind, connect
  if (version >= 6) all.scoped = 0b11;                       // abstract UNIX sockets, signals
  return all;
}

size_t size_known_to(long version) {
  if (version >= 6) return sizeof(RulesetAttributes);
  return version >= 4 ? offsetof(RulesetAttributes, scoped) : offsetof(RulesetAttributes, handled_network);
}

}  // namespace

// All rights are handled and no rule gives any back.
void refuse_paths_and_network() {
  const long version = ::syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  if (version < 1) return;  // not in this kernel, or switched off
  const RulesetAttributes all = everything(version);
  const UniqueFd ruleset(static_cast<int>(::syscall(kCreateRuleset, &all, size_known_to(version), 0)));
  if (!ruleset) throw_errno(errno, "cannot make a Landlock ruleset");
  if (::syscall(kRestrictSelf, ruleset.get(), 0) != 0) throw_errno(errno, "cannot restrict the worker with Landlock");
}

}  // namespace damfs::worker
