// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/sandbox/confine.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/worker/sandbox/kept_files.h"

namespace damfs::worker {
namespace {

constexpr rlim_t kGiB = rlim_t{1} << 30;
constexpr rlim_t kMaxAddresses = 64 * kGiB;  // sources are mapped whole
constexpr rlim_t kMinData = 1 * kGiB;        // a picture of 100 million pixels, 16 bits deep, and what it becomes
constexpr rlim_t kMaxData = 4 * kGiB;
constexpr rlim_t kMaxFile = 1 * kGiB;  // outputs are a still or a run of a clip
constexpr rlim_t kMaxDescriptors = 256;

// RLIMIT_NPROC is not used: it counts all of a user's threads, so it would fail a busy user's renders and hold back
// nobody. Processes cannot be started anyway. RLIMIT_CPU is the pool's to renew (WorkerProcess::allow_processor_time).
void limit(int resource, rlim_t value) {
  struct rlimit now {};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) throw_errno(errno, "cannot read a limit");
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) value = now.rlim_max;
  const struct rlimit wanted { value, value };
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0) throw_errno(errno, "cannot set a limit");
}

// What decoders may fill. There is a worker a core, and together they must leave half of the memory to others.
rlim_t data_share() {
  const auto pages = static_cast<rlim_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const auto cores = static_cast<rlim_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  return std::clamp(pages * page / 2 / cores, kMinData, kMaxData);
}

}  // namespace

void confine_early() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) throw_errno(errno, "cannot follow the parent");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno(errno, "cannot give up privileges");
  if (::chdir("/") != 0) throw_errno(errno, "cannot leave the working directory");
  limit(RLIMIT_CORE, 0);
}

void confine() {
  confine_nursery();
  confine_raised();
}

void confine_nursery() {
  if (!kCanConfine) return;
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) throw_errno(errno, "cannot become undumpable");
  limit(RLIMIT_AS, kMaxAddresses);
  limit(RLIMIT_DATA, data_share());
  limit(RLIMIT_FSIZE, kMaxFile);
  limit(RLIMIT_NOFILE, kMaxDescriptors);
  refuse_paths_and_network();
  answer_for_kept_files();
  prepare_filter();
}

void confine_raised() {
  if (kCanConfine) filter_system_calls();
}

}  // namespace damfs::worker
