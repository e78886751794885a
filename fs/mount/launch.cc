// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/launch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "catalog/base/error.h"

namespace damfs {
namespace {

// What the daemon writes to the starter: an errno (0: ready) and a message, then the end.
std::string report(int code, const std::string& message) {
  std::string text(reinterpret_cast<const char*>(&code), sizeof code);
  return text + message;
}

// Whether stderr is what $JOURNAL_STREAM, "device:inode", names.
bool is_journal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat st {};
  if (!stream || ::fstat(fd, &st) != 0) return false;
  return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino) == stream;
}

}  // namespace

Launch::Side Launch::split() {
  if (options_.foreground) return Side::kDaemon;
  if (options_.log_file) options_.log_file = std::filesystem::absolute(*options_.log_file);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(errno, "cannot start the daemon");
  UniqueFd from_daemon(ends[0]);
  to_starter_ = UniqueFd(ends[1]);
  std::fflush(nullptr);  // or both sides would write what is buffered
  const pid_t child = ::fork();
  if (child < 0) throw_errno(errno, "cannot start the daemon");
  if (child == 0) return Side::kDaemon;
  to_starter_.reset();
  return wait_for_daemon(std::move(from_daemon), child);
}

Launch::Side Launch::wait_for_daemon(UniqueFd from_daemon, pid_t daemon) {
  std::array<std::byte, 4096> buffer{};
  const size_t size = read_some(from_daemon.get(), buffer, "the daemon's report");
  int code = 0;
  if (size >= sizeof code) {
    std::memcpy(&code, buffer.data(), sizeof code);
    if (code == 0) return Side::kStarter;
    while (::waitpid(daemon, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw Error(code, std::string(reinterpret_cast<const char*>(buffer.data()) + sizeof code, size - sizeof code));
  }
  int status = 0;
  while (::waitpid(daemon, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) fail(EIO, "the daemon was ended by signal {} before the mount answered", WTERMSIG(status));
  fail(EIO, "the daemon ended before the mount answered");
}

void Launch::ready() {
  if (to_starter_) {
    leave_terminal();
    const std::string text = report(0, "");
    write_all(to_starter_.get(), std::as_bytes(std::span(text)), "the starter's pipe");
    to_starter_.reset();
  }
  ::sd_notifyf(0, "READY=1\nMAINPID=%d", static_cast<int>(::getpid()));
}

bool Launch::failed(int code, const std::string& message) {
  if (!to_starter_) return false;
  const std::string text = report(code, message);
  write_all(to_starter_.get(), std::as_bytes(std::span(text)), "the starter's pipe");
  to_starter_.reset();
  return true;
}

void Launch::leave_terminal() {
  ::setsid();
  if (::chdir("/") != 0) throw_errno(errno, "cannot enter /");
  const UniqueFd nothing = open_file("/dev/null", O_RDWR);
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(nothing.get(), STDOUT_FILENO);
  if (options_.log_file) {
    const UniqueFd log = open_file(*options_.log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log.get(), STDERR_FILENO);
  } else if (!is_journal(STDERR_FILENO)) {
    ::dup2(nothing.get(), STDERR_FILENO);
  }
}

}  // namespace damfs
