// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"
#include "views/serve/served_library.h"
#include "views/serve/warm.h"

namespace damfs {
namespace {

constexpr int kMostWorkers = 1024;

struct WarmArguments {
  std::vector<std::string> paths;
  std::vector<std::string> profiles;
  unsigned workers = 0;  // 0: as the library's settings say
  bool retry = false;
  Teller tell;
};

int run_warm(const WarmArguments& arguments, Globals& globals) {
  if (arguments.paths.empty() && !arguments.retry) {
    fail(EINVAL, "warm what? Name a folder or file, or give --retry for all that failed before");
  }
  ServedLibrary served(globals.open_library(), arguments.workers);
  require_profiles(served, arguments.profiles);
  ToWarm wanted{.which = arguments.paths.empty() ? ToWarm::Which::kAllFailed : ToWarm::Which::kAssets,
                .profiles = arguments.profiles,
                .retry = arguments.retry};
  if (!arguments.paths.empty()) {
    wanted.assets = resolve_items(*served.catalog().reader(), Items{arguments.paths}, globals);
    if (wanted.assets.empty() && globals.exit_code != kAllDone) return globals.exit_code;
  }
  const StopOnSignal stop;
  ProgressBar bar("Warming");
  const auto report =
      warm(served, wanted,
           {.failed =
                [&](const std::string& name, const std::string& reason) {
                  bar.clear();
                  fmt::print(stderr, "failed: {}: {}\n", printable(name), reason);
                },
            .progress = [&](const WarmProgress& now) { bar.show({.done = now.done, .total = now.total}); },
            .stopping =
                [&] {
                  bar.clear();
                  fmt::print(stderr, "Stopping when what runs is done; Ctrl-C again ends at once.\n");
                }},
           stop.flag());
  bar.clear();
  arguments.tell.line(
      {{"ready", report.ready}, {"failed", report.failed}, {"none", report.none}, {"stopped", stop.flag().load()}});
  arguments.tell.words("{} files ready, {} failed, {} do not exist\n", report.ready, report.failed, report.none);
  if (stop.flag()) {
    arguments.tell.words("Stopped. What was done is kept; the same command carries on.\n");
    return kFailed;
  }
  if (report.failed == 0) return globals.exit_code;
  return report.ready > 0 ? kPartlyDone : kFailed;
}

}  // namespace

void add_warm(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("warm", "Make previews and editing proxies ahead of time");
  verb->footer(
      "A PATH is a folder or file of the mount, or relative to originals/. Ctrl-C ends it in good order: what was done "
      "is kept.\n\n"
      "Examples:\n  damfs warm 2024/rome --profile medium\n  damfs warm 2024/rome --profile edit\n  damfs warm "
      "~/damfs/albums/Holidays -j 2\n"
      "  damfs warm --retry");
  auto arguments = std::make_shared<WarmArguments>();
  verb->add_option("PATH", arguments->paths, "What to make previews or proxies of");
  verb->add_option(
          "--profile", arguments->profiles,
          "small, medium, large, material or one of damfs.toml; edit or edit-hq for editing proxies; may be given more "
          "than once (all previews)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("-j,--jobs", arguments->workers, "How many workers at the most (one a core)")
      ->check(CLI::Range(1, kMostWorkers));
  verb->add_flag("--retry", arguments->retry, "Also what failed before; without a PATH all that failed, and only that");
  arguments->tell = Teller(*verb);
  verb->callback([arguments, &globals] { globals.exit_code = run_warm(*arguments, globals); });
}

}  // namespace damfs
