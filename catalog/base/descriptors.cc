// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "catalog/base/error.h"

namespace damfs {
namespace {

// A connection to the catalog has three, a worker three, an answer in the making a few; each for as many threads as
// serve requests.
constexpr rlim_t kReserve = 128;

rlim_t ask_limit() noexcept {
  struct rlimit limit {};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

// Each opened file asks, so it is remembered.
std::atomic<rlim_t> known_limit{0};

rlim_t limit_now() noexcept {
  const rlim_t known = known_limit.load(std::memory_order_relaxed);
  if (known != 0) return known;
  const rlim_t asked = ask_limit();
  known_limit = asked;
  return asked;
}

}  // namespace

void raise_descriptor_limit() noexcept {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  known_limit = 0;
}

// The lowest free number is the one that is given, so a high one says that there are few left.
UniqueFd outside_reserve(UniqueFd fd) {
  const rlim_t limit = limit_now();
  if (limit == RLIM_INFINITY || !fd) return fd;
  const rlim_t reserve = std::min(kReserve, limit / 4);
  if (static_cast<rlim_t>(fd.get()) + reserve < limit) return fd;
  fail(EMFILE, "{} files are open in this mount, and no more can be; close some", limit - reserve);
}

}  // namespace damfs
