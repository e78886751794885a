// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

#include "catalog/base/file.h"

namespace damfs {

// The way into the background: the process that was started lives until the mount answers or fails, so that
// whoever started it knows. In the foreground it does nothing but tell systemd.
class Launch {
 public:
  struct Options {
    bool foreground = false;
    std::optional<Path> log_file{};  // stderr of the daemon; else the journal when it is one, else nowhere
  };

  explicit Launch(Options options) : options_(std::move(options)) {}

  enum class Side { kStarter, kDaemon };
  // Call it before any thread, database or lock exists: it forks. The daemon gets kDaemon at once and carries on;
  // the starter gets kStarter when the daemon called ready(), or an Error with what it gave to failed().
  Side split();

  // In the daemon, each once at most. ready() leaves the terminal, the working directory and stderr behind.
  void ready();
  // False: nobody waits for it (any more).
  bool failed(int code, const std::string& message);

 private:
  Side wait_for_daemon(UniqueFd from_daemon, pid_t daemon);
  void leave_terminal();

  Options options_;
  UniqueFd to_starter_;
};

}  // namespace damfs
