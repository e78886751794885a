// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "fs/cli/command.h"
#include "fs/served_library.h"

namespace damfs {
namespace {

// Everything a mount keeps alive, and the lock that says the library is mounted.
struct Served {
  Served(const Library& library, FileLock mount_lock) : lock(std::move(mount_lock)), served(library) {}
  FileLock lock;
  ServedLibrary served;
  std::unique_ptr<Tree> tree;
};

FileLock announce(const Library& library, const Path& mountpoint) {
  auto lock = FileLock::try_take(library.mount_state());
  if (!lock) {
    const auto where = mounted_at(library);
    fail(EBUSY, "{} is mounted already{}; unmount it first", library.root().string(),
         where ? " at " + where->string() : std::string());
  }
  const std::string state = nlohmann::json({{"mountpoint", mountpoint.string()}, {"pid", ::getpid()}})
                                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (::ftruncate(lock->fd(), 0) != 0) throw_errno(errno, "cannot write " + library.mount_state().string());
  write_all(lock->fd(), std::as_bytes(std::span(state)), library.mount_state());
  return std::move(*lock);
}

Path default_mountpoint() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') fail(EINVAL, "HOME is not set; say where to mount");
  return Path(home) / "damfs";
}

}  // namespace

void add_mount(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("mount", "Show the library as a drive");
  verb->footer(
      "Returns when the drive answers; it stays until `damfs unmount`, SIGTERM or the end of the session. The mount\n"
      "is read-only in this version.\n\n"
      "Mounted by root on Linux 6.9 and later, originals are read by the kernel itself; -o no_passthrough has them\n"
      "read through damfs (`passthrough` in .damfs/stats.json says which it is, and why).\n\n"
      "Examples:\n  damfs mount ~/damfs\n  damfs -L /srv/photos.damfs mount /mnt/photos -o allow_other\n"
      "  damfs mount -f ~/damfs        (stay in the foreground, log to the terminal)");
  auto mountpoint = std::make_shared<std::string>();
  auto request = std::make_shared<MountRequest>();
  auto log_file = std::make_shared<std::string>();
  verb->add_option("MOUNTPOINT", *mountpoint, "An empty folder (~/damfs); made if it is not there");
  verb->add_option("-o", request->options, "Mount options, a,b=c, as mount.fuse takes them")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_flag("-f,--foreground", request->foreground, "Stay in the foreground");
  verb->add_option("--log", *log_file, "Where a mount in the background writes its log");
  verb->callback([mountpoint, request, log_file, &globals] {
    const Library library = globals.open_library();
    request->library = library.root();
    request->mountpoint = std::filesystem::absolute(mountpoint->empty() ? default_mountpoint() : Path(*mountpoint));
    if (!log_file->empty()) request->log_file = std::filesystem::absolute(*log_file);
    globals.exit_code = run_mount(*request, [&library, &request = *request](const Stats& stats) {
      auto served = std::make_shared<Served>(library, announce(library, request.mountpoint));
      served->tree = served->served.make_tree(stats, request.mountpoint);
      Mountable mountable;
      mountable.nodes = std::shared_ptr<const NodeSource>(served, served->tree.get());
      mountable.news = [tree = served->tree.get()](int64_t since, const std::function<bool(NodeId)>& is_known) {
        return tree->news(since, is_known);
      };
      mountable.mounted = [library = &served->served] { library->expect_readers(); };
      mountable.since = served->tree->newest_change();
      return mountable;
    });
  });
}

void add_unmount(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("unmount", "Take the drive away");
  verb->alias("umount");
  verb->footer(
      "Without MOUNTPOINT: wherever the library is mounted.\n\nExamples:\n  damfs unmount ~/damfs\n  damfs -L "
      "/srv/photos.damfs unmount");
  auto mountpoint = std::make_shared<std::string>();
  verb->add_option("MOUNTPOINT", *mountpoint, "Where it is mounted");
  verb->callback([mountpoint, &globals] {
    if (!mountpoint->empty()) return unmount(std::filesystem::absolute(*mountpoint));
    const Library library = globals.open_library();
    const auto where = mounted_at(library);
    if (!where) fail(ENOENT, "{} is not mounted", library.root().string());
    unmount(*where);
  });
}

}  // namespace damfs
