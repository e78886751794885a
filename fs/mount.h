// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/file.h"
#include "fs/invalidate.h"
#include "fs/mount/mountpoint.h"
#include "fs/stats.h"
#include "views/frame/node.h"

namespace damfs {

struct MountRequest {
  Path mountpoint;
  Path library;                      // whose volume `df` shows
  std::vector<std::string> options;  // each as given with -o
  bool foreground = false;
  std::optional<Path> log_file;
};

// What is to be mounted. Lives as long as the mount.
struct Mountable {
  std::shared_ptr<const NodeSource> nodes;  // keeps alive whatever it stands on
  NewsSource news;
  int64_t since = 0;
  std::function<void()> mounted = [] {};  // called when it answers and the daemon has left its starter's terminal
};

// Opens the library. Called in the process that will serve, after it was forked: only here may databases be
// opened and threads or workers be started. SIGTERM, SIGINT and SIGHUP are blocked then, so child processes
// must be spawned with a clean signal mask. `stats` outlives what is made.
using MakeMountable = std::function<Mountable(const Stats& stats)>;

// Mounts and serves. Returns in the starter when the mount answers, and in the daemon (or in the foreground) when
// it is unmounted; 0. Throws Error with what to do when it could not be mounted. The daemon's copy of the caller
// should return from main with what this returns. SIGTERM, SIGINT and SIGHUP unmount cleanly.
int run_mount(const MountRequest& request, const MakeMountable& make);

}  // namespace damfs
