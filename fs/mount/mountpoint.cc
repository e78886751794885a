// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/mountpoint.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "catalog/library/library.h"

namespace damfs {
namespace {

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

bool is_fuse(const MountEntry& entry) { return entry.type == "fuse" || entry.type.starts_with("fuse."); }

// The absolute path of a mountpoint whose own stat may fail: only what leads to it is resolved.
Path absolute_mountpoint(const Path& mountpoint) {
  Path path = std::filesystem::absolute(mountpoint).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "dir/"
  std::error_code error;
  const Path whole = std::filesystem::canonical(path, error);
  if (!error) return whole;
  const Path parent = std::filesystem::canonical(path.parent_path(), error);
  if (error) fail(error.value(), "cannot mount on {}: {}", mountpoint.string(), error.message());
  return parent / path.filename();
}

// Runs fusermount3 with a clean signal state; false: it said no, on stderr.
bool run_fusermount(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  std::string name = "fusermount3";
  argv.push_back(name.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &pipe);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int result = ::posix_spawnp(&child, name.c_str(), nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (result != 0) throw_errno(result, "cannot run fusermount3 (package fuse3)");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw_errno(errno, "cannot wait for fusermount3");
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

constexpr int kTriesToUnmount = 10;
constexpr std::chrono::milliseconds kBetweenTries{30};

// 0 or an errno. fusermount3 tells no reason but in words; when it refuses, the mount is almost always in use.
int detach(const Path& mountpoint, Detach how) {
  if (::geteuid() == 0) {
    const int flags = UMOUNT_NOFOLLOW | (how == Detach::kLazily ? MNT_DETACH : 0);
    return ::umount2(mountpoint.c_str(), flags) == 0 ? 0 : errno;
  }
  std::vector<std::string> arguments{"-u", "-q"};
  if (how == Detach::kLazily) arguments.emplace_back("-z");
  arguments.emplace_back("--");
  arguments.push_back(mountpoint.string());
  return run_fusermount(arguments) ? 0 : EBUSY;
}

// The kernel still knows a dead mount's attributes, so stat alone would not tell; free space is asked for afresh.
bool is_dead(const Path& mountpoint) {
  struct statvfs volume {};
  return ::statvfs(mountpoint.c_str(), &volume) != 0 && (errno == ENOTCONN || errno == ECONNABORTED);
}

void create(const Path& path) {
  std::error_code error;
  std::filesystem::create_directory(path, error);
  if (error) fail(error.value(), "cannot create the mountpoint {}: {}", path.string(), error.message());
  log::info("created the mountpoint {}", path.string());
}

}  // namespace

std::optional<MountEntry> find_mount_in(const std::string& text, const Path& mountpoint) {
  std::optional<MountEntry> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    // id parent major:minor root MOUNTPOINT options [optional…] - TYPE SOURCE super-options
    std::istringstream fields(line);
    std::array<std::string, 5> head;
    for (std::string& field : head) fields >> field;
    if (unescape(head[4]) != mountpoint.string()) continue;
    std::string field;
    while (fields >> field && field != "-") {
    }
    MountEntry entry{.mountpoint = mountpoint, .device = head[2], .type = {}, .source = {}};
    fields >> entry.type >> entry.source;
    entry.source = unescape(entry.source);
    found = std::move(entry);
  }
  return found;
}

std::optional<MountEntry> find_mount(const Path& mountpoint) {
  std::ifstream file("/proc/self/mountinfo");
  std::ostringstream text;
  text << file.rdbuf();
  return find_mount_in(text.str(), mountpoint);
}

bool is_fuse_mount(const Path& mountpoint) {
  const auto mount = find_mount(mountpoint);
  return mount && is_fuse(*mount);
}

Path prepare_mountpoint(const Path& mountpoint) {
  const Path path = absolute_mountpoint(mountpoint);
  // A daemon may have died over the mount of another one that died.
  for (auto mount = find_mount(path); mount && is_fuse(*mount); mount = find_mount(path)) {
    if (!is_dead(path)) fail(EBUSY, "{} is already mounted on {}", mount->source, path.string());
    log::warning("{}: the daemon of the last mount is gone; detaching what it left", path.string());
    if (const int error = detach(path, Detach::kLazily)) throw_errno(error, "cannot detach " + path.string());
  }
  Library::refuse_within(path.parent_path(), "a mountpoint");
  const auto st = stat_path(path);
  if (!st) {
    create(path);
  } else if (!S_ISDIR(st->st_mode)) {
    fail(ENOTDIR, "cannot mount on {}: it is not a directory", path.string());
  } else if (!std::filesystem::is_empty(path)) {
    fail(ENOTEMPTY, "cannot mount on {}: it is not empty, and its files would be hidden", path.string());
  }
  return path;
}

void unmount(const Path& mountpoint, Detach how) {
  const Path path = absolute_mountpoint(mountpoint);
  const auto mount = find_mount(path);
  if (!mount || !is_fuse(*mount)) fail(EINVAL, "{} is not a damfs mount", path.string());
  int error = detach(path, how);
  // The mount's own process may stand in it for a moment (announcer.h).
  for (int tries = 0; error == EBUSY && tries < kTriesToUnmount; ++tries) {
    Clock::sleep(kBetweenTries);
    error = detach(path, how);
  }
  switch (error) {
    case 0: break;
    case EBUSY:
      fail(EBUSY, "{} is in use: close what is open there (`fuser -vm {}` says who), then unmount again", path.string(),
           path.string());
    default: throw_errno(error, "cannot unmount " + path.string());
  }
}

void abort_connection(const Path& mountpoint) {
  const auto mount = find_mount(mountpoint);
  if (!mount || !is_fuse(*mount)) return;
  const size_t colon = mount->device.find(':');
  const Path abort = "/sys/fs/fuse/connections/" + mount->device.substr(colon + 1) + "/abort";
  if (const auto file = open_existing(abort, O_WRONLY)) {
    write_all(file->get(), std::as_bytes(std::span("1", 1)), abort);
  } else if (::geteuid() == 0) {
    ::umount2(mountpoint.c_str(), MNT_FORCE | UMOUNT_NOFOLLOW);
  }
}

}  // namespace damfs
