// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Freeing bytes, and proving those that are there.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/ingest/verify.h"
#include "catalog/library/mounts.h"
#include "catalog/model/catalog.h"
#include "catalog/model/read/check.h"
#include "catalog/model/write/purge.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"
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

std::vector<Purgeable> chosen(Reader& reader, const PurgeArguments& arguments, Globals& globals) {
  if (!arguments.versions) return purgeable_trash(reader, now_ns() - arguments.days * kDayNs);
  std::vector<Purgeable> all;
  for (const int64_t asset : resolve_items(reader, arguments.items, globals)) {
    for (Purgeable& each : purgeable_versions(reader, asset)) all.push_back(std::move(each));
  }
  return all;
}

nlohmann::ordered_json to_json(const Purgeable& each, bool purged) {
  nlohmann::ordered_json json = {{"name", each.name}, {"asset", each.asset}, {"bytes", each.bytes}, {"purged", purged}};
  if (each.version != 0) json["version"] = each.version;
  if (!each.locked_until.empty()) json["locked_until"] = each.locked_until;
  return json;
}

void purge(const PurgeArguments& arguments, Globals& globals) {
  if (arguments.versions == arguments.items.is_empty()) {
    fail(EINVAL, "say --versions with the files whose older versions are to go, or neither for what is in the trash");
  }
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  std::vector<Purgeable> wanted;
  int64_t bytes = 0;
  for (Purgeable& each : chosen(*catalog.reader(), arguments, globals)) {
    if (!each.locked_until.empty()) {
      fmt::print(stderr, "damfs: {} is locked until {} and stays\n", printable(each.name),
                 printable(each.locked_until));
      globals.exit_code = kPartlyDone;
      arguments.tell.line(to_json(each, false));
      continue;
    }
    arguments.tell.words("{}  {}\n", human_bytes(each.bytes), printable(each.name));
    bytes += each.bytes;
    wanted.push_back(std::move(each));
  }
  if (wanted.empty()) {
    arguments.tell.words("There is nothing to purge.\n");
    return;
  }
  arguments.tell.words("{} to be forgotten for good; `damfs gc` then frees {}.\n", wanted.size(), human_bytes(bytes));
  if (arguments.dry_run) {
    for (const Purgeable& each : wanted) arguments.tell.line(to_json(each, false));
    return;
  }
  if (!is_confirmed(arguments.yes, arguments.tell, "This cannot be undone.")) return;
  catalog.write(WriteRequest{.frees_room = true}, [&](Writer& writer) {
    for (const Purgeable& each : wanted) {
      if (each.version == 0) {
        writer.purge_asset(each.asset);
      } else {
        writer.purge_version(each.version);
      }
    }
    writer.forget_purged_sources();
  });
  for (const Purgeable& each : wanted) arguments.tell.line(to_json(each, true));
  arguments.tell.words("{} purged\n", wanted.size());
}

// Objects that no version of anything is.
std::vector<ObjectStore::Found> unnamed_objects(const ObjectStore& objects, Reader& reader) {
  std::vector<ObjectStore::Found> found;
  objects.each([&](const ObjectStore::Found& object) {
    if (!reader.has_blob(object.sha256)) found.push_back(object);
  });
  return found;
}

int64_t sum_of_bytes(const std::vector<ObjectStore::Found>& objects) {
  return std::accumulate(objects.begin(), objects.end(), int64_t{0},
                         [](int64_t sum, const ObjectStore::Found& each) { return sum + each.bytes; });
}

void refuse_while_mounted(const Library& library) {
  if (const auto where = mounted_at(library)) {
    fail(EBUSY, "{} is mounted at {}, where somebody may be writing; unmount it first", library.root().string(),
         where->string());
  }
}

// While somebody thought about the answer, others may have given these bytes a name: so only now they are looked for,
// with nobody about who could, and each is asked for once more within the transaction in which it goes.
int64_t bury_unnamed(const Library& library, Catalog& catalog, ObjectStore& objects) {
  const auto alone = FileLock::try_take(library.objects_lock());
  if (!alone) {
    refuse_while_mounted(library);
    fail(EBUSY, "somebody is adding to {}; try again when that is done", library.root().string());
  }
  const std::vector<ObjectStore::Found> unnamed = unnamed_objects(objects, *catalog.reader());
  int64_t freed = 0;
  catalog.write(WriteRequest{.frees_room = true}, [&](Writer&) {
    const auto reader = catalog.reader();
    for (const ObjectStore::Found& each : unnamed) {
      if (reader->has_blob(each.sha256)) continue;
      objects.bury(each.sha256);
      freed += each.bytes;
    }
  });
  return freed;
}

void gc(bool yes, bool dry_run, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  refuse_while_mounted(library);
  Catalog catalog(library.catalog());
  ObjectStore objects(library.objects(), library.staging());
  const std::vector<ObjectStore::Found> unnamed = unnamed_objects(objects, *catalog.reader());
  if (unnamed.empty()) {
    tell.line({{"objects", 0}, {"bytes", 0}, {"freed", 0}});
    tell.words("There is nothing to free.\n");
    return;
  }
  const int64_t bytes = sum_of_bytes(unnamed);
  tell.words("{} objects that nothing names any more: {}.\n", unnamed.size(), human_bytes(bytes));
  if (dry_run) return tell.line({{"objects", unnamed.size()}, {"bytes", bytes}, {"freed", 0}});
  if (!is_confirmed(yes, tell, "They will be deleted.")) return;
  const auto lock = FileLock::try_take(library.import_lock());
  if (!lock) fail(EBUSY, "an import is running; try again when it is done");
  const int64_t freed = bury_unnamed(library, catalog, objects);
  objects.remove_leftovers();
  tell.line({{"objects", unnamed.size()}, {"bytes", bytes}, {"freed", freed}});
  tell.words("{} freed\n", human_bytes(freed));
}

void verify(const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  ObjectStore objects(library.objects(), library.staging());
  const auto reader = catalog.reader();
  int64_t bad = 0;
  for (const std::string& problem : check_catalog(*reader)) {
    fmt::print(stderr, "damfs: catalog: {}\n", problem);
    tell.line({{"event", "bad"}, {"what", "catalog"}, {"reason", problem}});
    ++bad;
  }
  const auto totals = reader->totals();
  DerivedCache cache(library.derived(), library.config().derived_max_bytes);
  VerifyReport report;
  {
    ProgressBar bar("verify");
    const StopOnSignal stop;
    VerifyEvents events;
    events.bad = [&](const Digest& sha256, const std::string& reason) {
      bar.clear();
      fmt::print(
          stderr,
          "damfs: {}: {}. Import or copy the file once more, or restore the object from a backup of the library\n",
          objects.path_of(sha256).string(), reason);
      tell.line({{"event", "bad"}, {"what", "object"}, {"sha256", sha256.hex()}, {"reason", reason}});
    };
    events.progress = [&](const VerifyReport& now) {
      bar.show({.done = now.objects, .total = totals.blobs, .bytes = now.bytes, .bytes_total = totals.original_bytes});
    };
    report = verify_objects(catalog, objects, cache, events, stop.flag());
    bar.clear();
    if (report.stopped) fail(EINTR, "stopped after {} of {}", report.objects, totals.blobs);
  }
  bad += report.bad;
  tell.line({{"event", "done"},
             {"originals", report.objects},
             {"bytes", report.bytes},
             {"healed", report.healed},
             {"problems", bad}});
  if (report.healed > 0) tell.words("{} that were damaged are whole again\n", report.healed);
  tell.words("{} originals, {}: {}\n", report.objects, human_bytes(report.bytes),
             bad == 0 ? "all are what they were" : fmt::format("{} problems", bad));
  if (bad != 0) globals.exit_code = kFailed;
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
  verb->callback([arguments, &globals] { purge(*arguments, globals); });
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
