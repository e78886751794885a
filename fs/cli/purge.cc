// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Freeing bytes, and proving those that are there.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "catalog/acts/checking.h"
#include "catalog/acts/purge.h"
#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"

namespace damfs {
namespace {

constexpr int64_t kDayNs = int64_t{86'400} * 1'000'000'000;

struct PurgeArguments {
  Items items;
  bool versions = false;
  int64_t days = 0;
  bool yes = false;
  bool dry_run = false;
  Teller tell;
};

// A program must say --yes; a person is asked.
bool is_confirmed(bool yes, const Teller& tell, const std::string& question) {
  if (yes) return true;
  if (tell.is_json() || ::isatty(STDIN_FILENO) == 0) fail(EINVAL, "{} Say --yes to do it", question);
  fmt::print("{} [y/N] ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

ToPurge chosen(Reader& reader, const PurgeArguments& arguments, Globals& globals) {
  if (arguments.versions) return versions_to_purge(reader, resolve_items(reader, arguments.items, globals));
  return trash_to_purge(reader, now_ns() - arguments.days * kDayNs);
}

nlohmann::ordered_json to_json(const Purgeable& each, bool purged) {
  nlohmann::ordered_json json = {{"name", each.name}, {"asset", each.asset}, {"bytes", each.bytes}, {"purged", purged}};
  if (each.version != 0) json["version"] = each.version;
  if (!each.locked_until.empty()) json["locked_until"] = each.locked_until;
  return json;
}

void run_purge(const PurgeArguments& arguments, Globals& globals) {
  if (arguments.versions == arguments.items.is_empty()) {
    fail(EINVAL, "say --versions with the files whose older versions are to go, or neither for what is in the trash");
  }
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const ToPurge wanted = chosen(*catalog.reader(), arguments, globals);
  for (const Purgeable& each : wanted.locked) {
    fmt::print(stderr, "damfs: {} is locked until {} and stays\n", printable(each.name), printable(each.locked_until));
    globals.exit_code = kPartlyDone;
    arguments.tell.line(to_json(each, false));
  }
  for (const Purgeable& each : wanted.free) {
    arguments.tell.words("{}  {}\n", human_bytes(each.bytes), printable(each.name));
  }
  if (wanted.free.empty()) {
    arguments.tell.words("There is nothing to purge.\n");
    return;
  }
  arguments.tell.words("{} to be forgotten for good; `damfs gc` then frees {}.\n", wanted.free.size(),
                       human_bytes(wanted.bytes()));
  if (!arguments.dry_run) {
    if (!is_confirmed(arguments.yes, arguments.tell, "This cannot be undone.")) return;
    purge(catalog, wanted.free);
  }
  for (const Purgeable& each : wanted.free) arguments.tell.line(to_json(each, !arguments.dry_run));
  if (!arguments.dry_run) arguments.tell.words("{} purged\n", wanted.free.size());
}

void gc(bool yes, bool dry_run, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  ObjectStore objects(library.objects(), library.staging());
  const ToFree found = objects_to_free(library, catalog, objects);
  if (found.objects == 0) {
    tell.line({{"objects", 0}, {"bytes", 0}, {"freed", 0}});
    tell.words("There is nothing to free.\n");
    return;
  }
  tell.words("{} objects that nothing names any more: {}.\n", found.objects, human_bytes(found.bytes));
  if (dry_run) return tell.line({{"objects", found.objects}, {"bytes", found.bytes}, {"freed", 0}});
  if (!is_confirmed(yes, tell, "They will be deleted.")) return;
  const int64_t freed = free_objects(library, catalog, objects);
  tell.line({{"objects", found.objects}, {"bytes", found.bytes}, {"freed", freed}});
  tell.words("{} freed\n", human_bytes(freed));
}

void verify(const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  ObjectStore objects(library.objects(), library.staging());
  VerifiedLibrary verified;
  {
    ProgressBar bar("verify");
    const StopOnSignal stop;
    const LibraryEvents events{
        .bad_catalog =
            [&](const std::string& reason) {
              fmt::print(stderr, "damfs: catalog: {}\n", reason);
              tell.line({{"event", "bad"}, {"what", "catalog"}, {"reason", reason}});
            },
        .bad_object =
            [&](const Digest& sha256, const std::string& reason) {
              bar.clear();
              fmt::print(stderr,
                         "damfs: {}: {}. Import or copy the file once more, or restore the object from a backup of the "
                         "library\n",
                         objects.path_of(sha256).string(), reason);
              tell.line({{"event", "bad"}, {"what", "object"}, {"sha256", sha256.hex()}, {"reason", reason}});
            },
        .progress =
            [&](const VerifyProgress& now) {
              bar.show(
                  {.done = now.objects, .total = now.all_objects, .bytes = now.bytes, .bytes_total = now.all_bytes});
            }};
    verified = verify_library(library, catalog, objects, events, stop.flag());
    bar.clear();
    if (verified.objects.stopped) {
      fail(EINTR, "stopped after {} of {}", verified.objects.objects, verified.all_objects);
    }
  }
  const VerifyReport& report = verified.objects;
  tell.line({{"event", "done"},
             {"originals", report.objects},
             {"bytes", report.bytes},
             {"healed", report.healed},
             {"problems", verified.problems}});
  if (report.healed > 0) tell.words("{} that were damaged are whole again\n", report.healed);
  tell.words("{} originals, {}: {}\n", report.objects, human_bytes(report.bytes),
             verified.problems == 0 ? "all are what they were" : fmt::format("{} problems", verified.problems));
  if (verified.problems != 0) globals.exit_code = kFailed;
}

}  // namespace

void add_purge(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("purge", "Forget what is in the trash, or older versions, for good");
  verb->footer(
      "Says what it is about first, and asks. Afterwards `damfs gc` frees the bytes. What carries the attribute\n"
      "user.damfs.lock_until stays until that date.\n\nExamples:\n  damfs purge --dry-run\n"
      "  damfs purge --older-than 30 --yes\n  damfs purge --versions 2024/IMG_0001.JPG");
  auto arguments = std::make_shared<PurgeArguments>();
  add_items(*verb, arguments->items, "With --versions: whose older versions");
  verb->add_flag("--versions", arguments->versions, "Older versions instead of the trash");
  verb->add_option("--older-than", arguments->days,
                   "Only what was deleted, and taken out of the trash, that many days ago");
  verb->add_flag("--yes", arguments->yes, "Do not ask");
  verb->add_flag("--dry-run", arguments->dry_run, "Only say what would go");
  arguments->tell = Teller(*verb);
  verb->callback([arguments, &globals] { run_purge(*arguments, globals); });
}

void add_gc(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("gc", "Free the bytes that nothing names any more");
  verb->footer("Only while the library is neither mounted nor importing. Says first what it will free.");
  auto yes = std::make_shared<bool>(false);
  auto dry_run = std::make_shared<bool>(false);
  verb->add_flag("--yes", *yes, "Do not ask");
  verb->add_flag("--dry-run", *dry_run, "Only say what would go");
  const Teller tell(*verb);
  verb->callback([yes, dry_run, tell, &globals] { gc(*yes, *dry_run, tell, globals); });
}

void add_verify(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("verify", "Read every original and prove it by its SHA-256");
  verb->footer(
      "What is missing or damaged is named and remembered: reads of it fail with the reason until it is whole again.\n"
      "Importing or copying the same file once more heals it. Exit status 0: all is well; 1: something is not.");
  const Teller tell(*verb);
  verb->callback([tell, &globals] { verify(tell, globals); });
}

}  // namespace damfs
