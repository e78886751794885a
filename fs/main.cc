// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <clocale>
#include <cstdio>
#include <string>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/base/suggest.h"
#include "fs/cli/command.h"

namespace {

constexpr const char* kFooter =
    "The library is the one -L names, else $DAMFS_LIBRARY, else the one around the working directory, else\n"
    "$XDG_DATA_HOME/damfs (~/.local/share/damfs). `damfs VERB -h` tells more of each.\n\n"
    "A first look:\n"
    "  damfs init\n"
    "  damfs import ~/Pictures\n"
    "  damfs mount ~/damfs\n\n"
    "Exit status: 0 all done, 1 failed, 2 partly done (each failed file is named, with why).";

// SQLite frees and takes the journal of each statement anew: where that lies at the heap's end, glibc gives it back to
// the kernel each time, and a thousand edits cost two thousand calls. Fixing the one threshold fixes the other too, at
// 128 KiB unless it is told, and pieces of a stream would be mapped one by one.
void keep_some_memory() {
#if defined(__GLIBC__)
  ::mallopt(M_TRIM_THRESHOLD, 4 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
}

// The verb that is none, where that is what is wrong, told with the one that may have been meant.
bool tell_of_unknown_verb(const CLI::App& program, int argc, char** argv) {
  const CLI::App* within = &program;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-L" || word == "--library") ++i;
    if (word.starts_with('-')) continue;
    if (within->get_require_subcommand_min() == 0) return false;
    std::vector<std::string> verbs;
    for (const CLI::App* each : within->get_subcommands([](const CLI::App*) { return true; })) {
      if (!each->get_group().empty()) verbs.push_back(each->get_name());
      if (each->get_name() == word) within = each;
    }
    if (within->get_name() == word) continue;
    const auto meant = damfs::most_similar(word, verbs);
    fmt::print(stderr, "damfs: no verb '{}'; {}\n", damfs::printable(word),
               meant ? *meant + "?" : fmt::format("there are {}", fmt::join(verbs, ", ")));
    return true;
  }
  return false;
}

int run(int argc, char** argv) {
  CLI::App program("A media library mounted as a drive.", "damfs");
  program.footer(kFooter);
  program.set_version_flag("-V,--version", "damfs " DAMFS_VERSION);
  program.require_subcommand(1);

  damfs::Globals globals;
  std::string library;
  int verbosity = 0;
  program.add_option("-L,--library", library, "The library's folder");
  bool accept_foreign = false;
  program.add_flag("--foreign-owner", accept_foreign, "Use a library that belongs to another user, whom you trust");
  program.add_flag("-v,--verbose", verbosity, "Log more; twice for everything");
  program.parse_complete_callback([&] {
    if (!library.empty()) globals.library = library;
    if (accept_foreign) globals.foreign_owner = damfs::ForeignOwner::kAccepted;
    if (verbosity > 0) damfs::log::set_level(verbosity > 1 ? damfs::log::Level::kDebug : damfs::log::Level::kInfo);
  });
  for (const auto add :
       {damfs::add_init,  damfs::add_import, damfs::add_mount,    damfs::add_unmount, damfs::add_status,
        damfs::add_find,  damfs::add_info,   damfs::add_export,   damfs::add_show,    damfs::add_open,
        damfs::add_tag,   damfs::add_album,  damfs::add_set,      damfs::add_log,     damfs::add_undo,
        damfs::add_trash, damfs::add_revert, damfs::add_warm,     damfs::add_verify,  damfs::add_purge,
        damfs::add_gc,    damfs::add_doctor, damfs::add_complete, damfs::add_help}) {
    add(program, globals);
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0 && tell_of_unknown_verb(program, argc, argv)) return damfs::kFailed;
    return program.exit(error) == 0 ? damfs::kAllDone : damfs::kFailed;
  }
  return globals.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  keep_some_memory();
  std::setlocale(LC_CTYPE, "C.UTF-8");
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "damfs: {}\n", error.what());
    return damfs::kFailed;
  }
}
