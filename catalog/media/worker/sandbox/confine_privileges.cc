// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/sandbox/confine.h"

namespace damfs::worker {
namespace {

constexpr int kMostCapabilities = 64;
constexpr int kMostOpen = 256;     // at its start
constexpr int kThreadWaits = 200;  // milliseconds

int threads_running() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/task"), ::closedir);
  int count = 0;
  while (folder) {
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

// Whom files of nobody are shown as belonging to, which no login has.
unsigned overflow_number(const char* path) {
  constexpr unsigned kUsual = 65534;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "re"), std::fclose);
  unsigned number = 0;
  return file && std::fscanf(file.get(), "%u", &number) == 1 && number > 0 ? number : kUsual;
}

void drop_bounding_set() {
  for (unsigned long capability = 0; capability < kMostCapabilities; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);  // fails for those that there are not
  }
}

// A new user namespace gives all of them again, within it.
void drop_capabilities() {
  drop_bounding_set();
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) throw_errno(errno, "cannot give up capabilities");
}

void stop_being_root() {
  if (::geteuid() != 0 && ::getuid() != 0) return;
  const auto user = static_cast<uid_t>(overflow_number("/proc/sys/kernel/overflowuid"));
  const auto group = static_cast<gid_t>(overflow_number("/proc/sys/kernel/overflowgid"));
  drop_bounding_set();
  // A container may keep even root from it, and there root is somebody else outside.
  const bool may = ::setgroups(0, nullptr) == 0 && ::setresgid(group, group, group) == 0;
  if (!may || ::setresuid(user, user, user) != 0) {
    if (errno != EPERM && errno != EINVAL) throw_errno(errno, "cannot stop being root");
  }
}

}  // namespace

bool is_only_thread() {
  // Libraries try at their start whether threads can be had.
  for (int waited = 0; threads_running() > 1; ++waited) {
    if (waited == kThreadWaits) return false;
    ::usleep(1000);
  }
  return true;
}

bool give_up_privileges(Raises raises) {
  if (!kCanConfine) return false;
  // Where a system does not allow one, it goes on without: each is one more wall behind the filter.
  const int processes = raises == Raises::kWorkers ? CLONE_NEWPID : 0;
  const bool all_at_once = ::geteuid() != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | processes) == 0;
  bool has_processes = all_at_once && processes != 0;
  if (!all_at_once) {
    (void)::unshare(CLONE_NEWNET);
    (void)::unshare(CLONE_NEWIPC);
    has_processes = processes != 0 && ::unshare(processes) == 0;
  }
  if (!all_at_once) {
    stop_being_root();
    (void)::unshare(CLONE_NEWUSER);
  }
  drop_capabilities();
  // A change of user takes it away.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) throw_errno(errno, "cannot follow the parent");
  return has_processes;
}

void keep_namespace() {
  const UniqueFd parent = open_pidfd(::getpid());
  if (::fork() != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "damfs-first");
  for (int fd = STDERR_FILENO + 1; fd < kMostOpen; ++fd) {
    if (fd != parent.get()) ::close(fd);
  }
  // The parent may have ended before its death could be heard of, and its number is not to be asked for from in here.
  pollfd end{parent.get(), POLLIN, 0};
  while (::poll(&end, parent ? 1 : 0, -1) != 1) {
  }
  ::_exit(0);
}

}  // namespace damfs::worker
