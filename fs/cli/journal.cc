// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/journal.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/acts/undoing.h"
#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/json.h"

namespace damfs {
namespace {

constexpr int64_t kStepsTold = 20;
constexpr int64_t kNsPerSecond = 1'000'000'000;

struct LogArguments {
  std::string item;
  int64_t count = 30;
  bool steps = false;
  bool json = false;
};

std::string user_name(int64_t uid) {
  const struct passwd* user = ::getpwuid(static_cast<uid_t>(uid));
  return user != nullptr ? user->pw_name : std::to_string(uid);
}

// To the second.
std::string time_of(const ActRow& act) { return local_time(act.at_ns / kNsPerSecond * kNsPerSecond).text(); }

const char* name_of(Step::What what) {
  switch (what) {
    case Step::What::kTag: return "tag";
    case Step::What::kAlbum: return "album";
    case Step::What::kRating: return "rating";
    case Step::What::kTitle: return "title";
    case Step::What::kDescription: return "description";
    case Step::What::kTagNode: return "tag_itself";
    case Step::What::kAlbumNode: return "album_itself";
    case Step::What::kFolderNode: return "folder_itself";
    case Step::What::kEntry: return "name";
    case Step::What::kTrash: return "trash";
    case Step::What::kVersion: return "version";
    case Step::What::kOwner: return "version_itself";
    case Step::What::kState: return "state";
    case Step::What::kAlbumQuery: return "album_query";
    case Step::What::kAlbumNumbers: return "album_numbers";
    case Step::What::kFolderRights: return "folder_rights";
  }
  return "unknown";
}

void print_json(Reader& reader, const ActRow& act, int64_t asset, bool with_steps) {
  nlohmann::ordered_json json = {{"act", act.id},    {"at", time_of(act)},
                                 {"uid", act.uid},   {"user", user_name(act.uid)},
                                 {"what", act.what}, {"steps", act.steps}};
  if (act.undoes != 0) json["undoes"] = act.undoes;
  if (act.undone_by != 0) json["undone_by"] = act.undone_by;
  if (with_steps) {
    json["changes"] = nlohmann::ordered_json::array();
    for (const Step& step : steps_of(reader, act, asset, act.steps)) {
      json["changes"].push_back({{"what", name_of(step.what)},
                                 {"asset", step.asset},
                                 {"group", step.group},
                                 {"before", step.before},
                                 {"after", step.after}});
    }
  }
  fmt::print("{}\n", dump_line(json));
}

void print_act(Reader& reader, const ActRow& act, int64_t asset, bool with_steps) {
  const std::string taken_back = act.undone_by != 0 ? fmt::format(", taken back by {}", act.undone_by) : "";
  fmt::print("{:>6}  {}  {}  {}  ({} change{}{})\n", act.id, time_of(act), user_name(act.uid), printable(act.what),
             act.steps, act.steps == 1 ? "" : "s", taken_back);
  if (!with_steps) return;
  const auto told = steps_of(reader, act, asset, kStepsTold);
  for (const Step& step : told) fmt::print("        {}\n", printable(tell(reader, step)));
  if (std::ssize(told) == kStepsTold && act.steps > kStepsTold) {
    fmt::print("        … and more; --json tells all\n");
  }
}

void print_log(const LogArguments& arguments, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto reader = catalog.reader();
  int64_t asset = 0;
  if (!arguments.item.empty()) {
    const auto found = resolve_item(*reader, arguments.item, globals);
    if (!found) return;
    asset = *found;
  }
  const bool with_steps = arguments.steps || asset != 0;
  for (const ActRow& row : list_acts(*reader, asset, arguments.count)) {
    (arguments.json ? print_json : print_act)(*reader, row, asset, with_steps);
  }
}

struct UndoArguments {
  std::optional<int64_t> act;
  bool list = false;
  bool dry_run = false;
  bool json = false;
  int64_t count = 30;
};

// What `damfs undo` can still take back.
void list_undoable(const UndoArguments& arguments, const Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto reader = catalog.reader();
  for (const ActRow& row : list_acts(*reader, 0, arguments.count, WhichActs::kUndoable)) {
    (arguments.json ? print_json : print_act)(*reader, row, 0, false);
  }
}

// As what the undo makes of it.
Step taken_back(Step step) {
  std::swap(step.before, step.after);
  return step;
}

void print_undone(Reader& reader, const ActRow& row, const Writer::Undone& undone, const UndoArguments& arguments,
                  Globals& globals) {
  if (arguments.json) {
    nlohmann::ordered_json json = {{"act", row.id},
                                   {"what", row.what},
                                   {"changes", undone.steps},
                                   {"left", undone.left},
                                   {"dry_run", arguments.dry_run}};
    fmt::print("{}\n", dump_line(json));
  } else {
    fmt::print("{}: {} ({} of {} changes)\n", arguments.dry_run ? "would be taken back" : "taken back",
               printable(row.what), undone.steps - undone.left, undone.steps);
  }
  if (undone.left == 0) return;
  for (const Step& step : undone.left_steps) fmt::print(stderr, "damfs: left: {}\n", printable(tell(reader, step)));
  fmt::print(stderr, "damfs: {} changes were changed again since, and stay as they are\n", undone.left);
  globals.exit_code = undone.left == undone.steps ? kFailed : kPartlyDone;
}

void print_what_comes_back(Reader& reader, const ActRow& row) {
  const auto told = steps_of(reader, row, 0, kStepsTold);
  for (const Step& step : told) fmt::print("        {}\n", printable(tell(reader, taken_back(step))));
  if (row.steps > std::ssize(told)) fmt::print("        … and {} more\n", row.steps - std::ssize(told));
}

void undo(const UndoArguments& arguments, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto row = act_to_undo(*catalog.reader(), arguments.act);
  if (!row && arguments.act) fail(ENOENT, "there is no act {}; `damfs log` shows what was done", *arguments.act);
  if (!row) fail(ENOENT, "there is nothing to take back; `damfs log` shows what was done");
  const Writer::Undone undone = (arguments.dry_run ? try_to_undo : undo_act)(catalog, ::getuid(), *row);
  const auto reader = catalog.reader();
  print_undone(*reader, *row, undone, arguments, globals);
  if (arguments.dry_run && !arguments.json) print_what_comes_back(*reader, *row);
}

}  // namespace

void add_log(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("log", "Tell who changed the order of things, and how");
  verb->footer("Newest first. Each is one act that `damfs undo` takes back as a whole.\n\n" + items_help() +
               "\n\nExamples:\n  damfs log\n  damfs log 2024/IMG_0001.JPG\n  damfs log --steps -n 3");
  auto arguments = std::make_shared<LogArguments>();
  verb->add_option("ITEM", arguments->item, "Only what was changed of it, with each change");
  verb->add_option("-n", arguments->count, "How many acts at the most (30)");
  verb->add_flag("--steps", arguments->steps, "Tell each change");
  verb->add_flag("--json", arguments->json, "One JSON object a line, for programs");
  verb->callback([arguments, &globals] { print_log(*arguments, globals); });
}

void add_undo(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("undo", "Take an act back");
  verb->footer(
      "Without N the newest one that was not taken back yet. An undo is an act too, and can be taken back by its\n"
      "number.\n\nExamples:\n  damfs undo\n  damfs undo --list\n  damfs undo 12 --dry-run");
  auto arguments = std::make_shared<UndoArguments>();
  verb->add_option("N", arguments->act, "The act's number, as `damfs log` shows it");
  auto* list = verb->add_flag("--list", arguments->list, "List what can still be taken back, newest first");
  verb->add_option("-n", arguments->count, "With --list: how many at the most (30)")->needs(list);
  verb->add_flag("--dry-run", arguments->dry_run, "Change nothing; tell what would come back")->excludes(list);
  verb->add_flag("--json", arguments->json, "One JSON object a line, for programs");
  verb->callback(
      [arguments, &globals] { arguments->list ? list_undoable(*arguments, globals) : undo(*arguments, globals); });
}

}  // namespace damfs
