// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/library/mounts.h"
#include "fs/cli/command.h"
#include "fs/cli/teller.h"
#include "fs/mount/dying_mounts.h"
#include "fs/mount/mountpoint.h"
#include "fs/mount/options.h"
#include "fs/served_by_mount.h"
#include "views/serve/served_library.h"

namespace damfs {
namespace {

// Everything a mount keeps alive, and the lock that says the library is mounted.
struct Served {
  Served(const Library& library, FileLock mount_lock)
      : lock(std::move(mount_lock)),
        objects_lock(FileLock::share(library.objects_lock(), library.being_freed())),
        served(library) {}
  FileLock lock;
  FileLock objects_lock;
  ServedLibrary served;
  std::unique_ptr<Tree> tree;
};

// Whoever lets others in is told what that opens.
void tell_what_is_open(const MountOptions& options) {
  if (!options.is_for_others) return;
  fmt::print(stderr, "{}",
             options.owner.is_private
                 ? "damfs: allow_other, private: others may enter originals/, as far as modes and owners let them, and "
                   "nothing else.\n"
                 : "damfs: allow_other: others may enter. What is in a file (and its previews, proxies, members and "
                   "attributes) they get\n"
                   "where a name in originals/ would give it to them; names, sizes and times they see in every folder. "
                   "-o private keeps all\n"
                   "but originals/ to you.\n");
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
      "Returns when the drive answers; it stays until `damfs unmount`, SIGTERM or the end of the session. What "
      "copies,\n"
      "moves and deletes do in each folder of it stands in the README; -o ro keeps everything as it is.\n\n"
      "-o allow_other lets others enter too: what is in a file, and what is made from it, they get where a name in\n"
      "originals/ would give it to them; names, sizes and times they see in every folder. With -o allow_other,private\n"
      "they see originals/ alone. trash/ is the owner's; each has what they removed in .Trash-<uid>.\n\n"
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
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_flag("-f,--foreground", request->foreground, "Stay in the foreground");
  verb->add_option("--log", *log_file, "Where a mount in the background writes its log");
  const Teller tell(*verb);
  verb->callback([mountpoint, request, log_file, tell, &globals] {
    const Library library = globals.open_library();
    cut_dying_mounts(library);
    request->library = library.root();
    request->mountpoint = std::filesystem::absolute(mountpoint->empty() ? default_mountpoint() : Path(*mountpoint));
    tell_what_is_open(parse_mount_options(request->options));
    if (!log_file->empty()) request->log_file = std::filesystem::absolute(*log_file);
    bool serves = false;  // this process, and not one that it started
    globals.exit_code = run_mount(*request, [&](const Stats& stats) {
      serves = true;
      auto served = std::make_shared<Served>(library, announce_mount(library, request->mountpoint));
      served->tree = served->served.make_tree(served_by_mount(stats, request->mountpoint));
      Mountable mountable;
      mountable.nodes = std::shared_ptr<const NodeSource>(served, served->tree.get());
      mountable.news = [tree = served->tree.get()](int64_t since, const std::function<bool(NodeId)>& is_known) {
        return tree->news(since, is_known);
      };
      mountable.mounted = [library = &served->served, tell, mountpoint = request->mountpoint] {
        tell.line({{"mounted", mountpoint.string()}});  // in the background nobody hears it
        library->expect_readers();
      };
      mountable.since = served->tree->newest_change();
      return mountable;
    });
    if (!serves) tell.line({{"mounted", request->mountpoint.string()}});
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
  const Teller tell(*verb);
  verb->callback([mountpoint, tell, &globals] {
    const auto take_away = [&tell](const Path& where) {
      unmount(where);
      tell.line({{"unmounted", where.string()}});
    };
    if (!mountpoint->empty()) return take_away(std::filesystem::absolute(*mountpoint));
    const Library library = globals.open_library();
    cut_dying_mounts(library);
    const auto mounts = mounts_of(library);
    if (mounts.empty()) fail(ENOENT, "{} is not mounted", library.root().string());
    for (const MountState& mount : mounts) take_away(mount.mountpoint);
  });
}

}  // namespace damfs
