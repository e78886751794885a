// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "catalog/acts/checking.h"
#include "catalog/base/clock.h"
#include "catalog/library/mounts.h"
#include "catalog/model/catalog.h"
#include "catalog/model/read/check.h"
#include "catalog/places/object_store.h"
#include "fs/cli/command.h"
#include "fs/cli/teller.h"
#include "fs/mount/traps.h"
#include "fs/passthrough.h"

namespace damfs {
namespace {

// Prints one line a check and remembers whether any was bad.
class Findings {
 public:
  explicit Findings(Teller tell) : tell_(std::move(tell)) {}
  void good(const std::string& text) { found("ok", "ok", text); }
  void note(const std::string& text) { found("note", "note", text); }
  void bad(const std::string& text) {
    found("bad", "BAD", text);
    ++bad_;
  }
  int count() const { return bad_; }

 private:
  void found(const char* event, const char* mark, const std::string& text) {
    tell_.line({{"event", event}, {"text", text}});
    tell_.words("{:<6}{}\n", mark, text);
  }

  const Teller tell_;
  int bad_ = 0;
};

void check_machine(Findings& findings) {
  if (::access("/dev/fuse", F_OK) != 0) {
    findings.bad("/dev/fuse is missing: load the fuse module, or give it to this container");
  } else if (::access("/dev/fuse", R_OK | W_OK) != 0) {
    findings.bad("/dev/fuse cannot be opened by this user");
  } else {
    findings.good("/dev/fuse can be opened");
  }
  if (::geteuid() != 0 && ::access("/usr/bin/fusermount3", X_OK) != 0 && ::access("/bin/fusermount3", X_OK) != 0) {
    findings.bad("fusermount3 is missing: install the package fuse3");
  }
  findings.note(may_pass_through() ? "kernel passthrough of reads: asked for; .damfs/stats.json of a mount says more"
                                   : "kernel passthrough of reads: not for this user, it needs CAP_SYS_ADMIN");
}

void check_worker(Findings& findings, const Library& library) {
  const std::string problem = worker_problem(library);
  if (problem.empty()) {
    findings.good("damfs-worker starts and answers");
  } else {
    findings.bad("damfs-worker does not work: " + problem);
  }
}

constexpr const char* kHowToHeal =
    "import or copy the file once more, or restore the object from a backup of the library and run `damfs verify`";

void check_objects(Findings& findings, Reader& reader, const ObjectStore& objects) {
  const auto looked = look_at_objects(reader, Places(objects), [&](const FlawedObject& flawed) {
    const std::string path = objects.path_of(flawed.sha256).string();
    findings.bad(flawed.reason.empty() ? fmt::format("object {} is missing or of the wrong size: {}", path, kHowToHeal)
                                       : fmt::format("object {}: {} (found {}): {}", path, flawed.reason,
                                                     local_time(flawed.found_ns).text(), kHowToHeal));
  });
  if (looked.missing == 0) findings.good(fmt::format("{} objects are there with the right size", looked.objects));
}

// What other programs here will do to the mount; asked of where it usually is when it is nowhere.
void check_surroundings(Findings& findings, const Library& library) {
  const char* home = std::getenv("HOME");
  Surroundings here{.root = "/", .home = home == nullptr ? "/" : home, .mountpoint = {}, .is_root = ::geteuid() == 0};
  std::vector<Path> places;
  for (const MountState& mount : mounts_of(library)) places.push_back(mount.mountpoint);
  if (places.empty()) places.push_back(here.home / "damfs");
  std::set<std::string> told;
  for (const Path& place : places) {
    here.mountpoint = place;
    for (const std::string& trap : traps_of(here)) {
      if (told.insert(trap).second) findings.note(trap);
    }
  }
}

int examine(const Teller& tell, const Globals& globals) {
  Findings findings(tell);
  check_machine(findings);
  const Library library = globals.open_library();
  findings.good("library " + library.root().string());
  if (library.is_open_to_others()) findings.note("others may enter it; `chmod 0700` keeps them out");
  Catalog catalog(library.catalog());
  const auto reader = catalog.reader();
  const auto problems = check_catalog(*reader);
  for (const std::string& problem : problems) findings.bad("catalog: " + problem);
  if (problems.empty()) findings.good("the catalog is whole");
  const ObjectStore objects(library.objects(), library.staging());
  check_objects(findings, *reader, objects);
  check_worker(findings, library);
  check_surroundings(findings, library);
  if (const auto where = mounted_at(library)) findings.note("mounted at " + where->string());
  tell.line({{"event", "done"}, {"problems", findings.count()}});
  if (findings.count() == 0) {
    tell.words("All is well.\n");
    return kAllDone;
  }
  tell.words("{} found; see above.\n",
             findings.count() == 1 ? "1 problem" : fmt::format("{} problems", findings.count()));
  return kFailed;
}

}  // namespace

void add_doctor(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("doctor", "Check the library and what it needs from this machine");
  verb->footer(
      "Changes nothing. Exit status 0: all is well; 1: something is wrong. A note is nothing wrong: among them is "
      "what\n"
      "other programs of this machine will do to the mount (updatedb, desktops' indexers, AppArmor), with the "
      "remedy.\n\n"
      "Examples:\n  damfs doctor\n  damfs -L "
      "/srv/photos.damfs doctor");
  const Teller tell(*verb);
  verb->callback([tell, &globals] { globals.exit_code = examine(tell, globals); });
}

}  // namespace damfs
