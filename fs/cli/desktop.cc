// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/desktop.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "catalog/base/error.h"

namespace damfs {

DesktopProgram::DesktopProgram(const std::vector<std::string>& argv, Says says) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  if (const int error = ::posix_spawn_file_actions_init(&actions)) throw_errno(error, "cannot start " + argv.front());
  int problem = 0;
  if (says == Says::kNothing) {
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
      if (problem == 0) problem = ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    }
  } else {
    problem = ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  }
  pid_t child = -1;
  if (problem == 0) problem = ::posix_spawnp(&child, words.front(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem == 0) {
    child_ = child;
  } else if (problem != ENOENT && problem != EACCES) {
    throw_errno(problem, "cannot start " + argv.front());
  }
}

int DesktopProgram::wait() {
  int status = 0;
  while (child_ && ::waitpid(*child_, &status, 0) < 0) {
    if (errno != EINTR) throw_errno(errno, "cannot wait for a program");
  }
  return child_ && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string file_uri(const Path& path) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string uri = "file://";
  for (const char c : path.native()) {
    if (kPlain.find(c) != kPlain.npos) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return uri;
}

}  // namespace damfs
