// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/command.h"

#include <unistd.h>

#include <csignal>

#include "catalog/base/log.h"

namespace damfs {
namespace {

// A signal handler can reach nothing else.
std::atomic<bool> stop_asked{false};

void ask_to_stop(int signal) {
  stop_asked = true;
  ::signal(signal, SIG_DFL);
}

}  // namespace

Path Globals::library_root() const {
  std::error_code is_gone;  // somebody may stand in a folder that was removed
  return Library::find(library, std::filesystem::current_path(is_gone));
}

Library Globals::open_library() const {
  Library opened(library_root(), foreign_owner);
  if (opened.is_open_to_others()) {
    log::warning("others may enter {}, and read what is private in it; `chmod 0700 {}` keeps them out",
                 opened.root().string(), opened.root().string());
  }
  return opened;
}

Act act_by_user(std::string what) { return {.uid = static_cast<int64_t>(::getuid()), .what = std::move(what)}; }

StopOnSignal::StopOnSignal() {
  stop_asked = false;
  ::signal(SIGINT, ask_to_stop);
  ::signal(SIGTERM, ask_to_stop);
}

StopOnSignal::~StopOnSignal() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

const std::atomic<bool>& StopOnSignal::flag() const { return stop_asked; }

}  // namespace damfs
