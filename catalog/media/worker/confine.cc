// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/confine.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "catalog/base/error.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DAMFS_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DAMFS_SHADOW_MEMORY 1
#endif
#endif

namespace damfs::worker {
namespace {

#ifdef DAMFS_SHADOW_MEMORY
constexpr bool kSanitized = true;  // its shadow takes terabytes of addresses, its leak check traces the process
#else
constexpr bool kSanitized = false;
#endif

constexpr rlim_t kGiB = rlim_t{1} << 30;
constexpr rlim_t kMaxAddresses = 64 * kGiB;  // sources are mapped whole
constexpr rlim_t kMaxData = 4 * kGiB;        // what decoders may fill

void limit(int resource, rlim_t value) {
  struct rlimit now {};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) throw_errno(errno, "cannot read a limit");
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) value = now.rlim_max;
  const struct rlimit wanted { value, value };
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0) throw_errno(errno, "cannot set a limit");
}

}  // namespace

void confine_early() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) throw_errno(errno, "cannot follow the parent");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno(errno, "cannot give up privileges");
  limit(RLIMIT_CORE, 0);
}

void confine() {
  if (kSanitized) return;
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) throw_errno(errno, "cannot become undumpable");
  limit(RLIMIT_AS, kMaxAddresses);
  limit(RLIMIT_DATA, kMaxData);
}

}  // namespace damfs::worker
