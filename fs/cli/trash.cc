// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/acts/trash.h"
#include "catalog/acts/undoing.h"
#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"

namespace damfs {
namespace {

void tell_trash(const Teller& tell, HiddenTrash hidden, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  for (const TrashRow& row : list_trash(*catalog.reader(), hidden)) {
    const std::string when = local_time(row.deleted_ns / 1'000'000'000 * 1'000'000'000).text();
    tell.line({{"name", row.name},
               {"from", path_before(row)},
               {"deleted", when},
               {"uid", row.uid},
               {"asset", row.asset},
               {"hidden", row.is_hidden}});
    tell.words("{}  {}  (from originals/{})\n", when, printable(row.name), printable(path_before(row)));
  }
}

void restore(const std::vector<std::string>& names, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  // Whoever names one of the hidden ones has seen it in the longer list.
  const FoundTrash wanted =
      names.empty() ? FoundTrash{list_trash(*catalog.reader())} : find_trash(*catalog.reader(), names);
  if (wanted.missing) {
    fail(ENOENT, "there is no '{}' in the trash; see `damfs trash list`", printable(*wanted.missing));
  }
  const Act act = act_of_user("trash restore of {} files", wanted.rows.size());
  for (const Restored& each : restore_trash(catalog, act, wanted.rows)) {
    tell.line({{"name", each.name}, {"asset", each.asset}, {"path", each.path}});
  }
  tell.words("{} restored\n", wanted.rows.size());
}

void empty(const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const int64_t emptied = empty_trash(catalog, act_of_user("trash empty"));
  tell.line({{"emptied", emptied}});
  tell.words("{} are out of the trash. Their bytes stay, and `damfs undo` brings them back, until `damfs purge`\n",
             emptied);
}

void revert(const std::string& item, std::optional<int64_t> to, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto asset = resolve_item(*catalog.reader(), item, globals);
  if (!asset) return;
  const auto version = version_to_revert_to(*catalog.reader(), *asset, to);
  if (!version) {
    fail(ENOENT, "{} has no {} version (see versions/ in the mount)", printable(item),
         to ? fmt::format("{}.", *to) : "earlier");
  }
  const bool changed = revert_asset(catalog, act_of_user("revert {}", item), *asset, *version);
  tell.line({{"asset", *asset}, {"reverted", changed}});
  tell.words("{}\n", changed ? "reverted, as a new version" : "it is so already");
}

}  // namespace

void add_trash(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("trash", "See, restore or empty the trash");
  verb->require_subcommand(1);
  verb->footer(
      "What is removed from originals/ is in the trash, in the mount too: move it back out of trash/ to restore it.\n"
      "Nothing in here frees bytes; `damfs purge` and then `damfs gc` do.");
  auto* listing = verb->add_subcommand("list", "What is in it, from where and since when");
  const Teller tell_list(*listing);
  auto all = std::make_shared<bool>(false);
  listing->add_flag("--all", *all, "Also what a program made and removed itself within a minute; kept for a week");
  listing->callback(
      [tell_list, all, &globals] { tell_trash(tell_list, *all ? HiddenTrash::kToo : HiddenTrash::kLeft, globals); });
  auto* restoring = verb->add_subcommand("restore", "Put files back where they were");
  auto names = std::make_shared<std::vector<std::string>>();
  restoring->add_option("NAME", *names, "As `damfs trash list` tells it; without: all");
  const Teller tell_restored(*restoring);
  restoring->callback([names, tell_restored, &globals] { restore(*names, tell_restored, globals); });
  auto* emptying = verb->add_subcommand("empty", "Take all of it out of the trash; bytes stay until `damfs purge`");
  const Teller tell_emptied(*emptying);
  emptying->callback([tell_emptied, &globals] { empty(tell_emptied, globals); });
}

void add_revert(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("revert", "Make an earlier version of a file the newest one");
  verb->footer(
      "The states between stay, in versions/ of the mount.\n\nExamples:\n  damfs revert 2024/IMG_0001.JPG\n"
      "  damfs revert --to 1 2024/IMG_0001.JPG");
  auto item = std::make_shared<std::string>();
  auto to = std::make_shared<std::optional<int64_t>>();
  verb->add_option("ITEM", *item, "What")->required();
  verb->add_option("--to", *to, "The number of the version, as in versions/<asset>/v001 (the one before the newest)");
  const Teller tell(*verb);
  verb->callback([item, to, tell, &globals] { revert(*item, *to, tell, globals); });
}

}  // namespace damfs
