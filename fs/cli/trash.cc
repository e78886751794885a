// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"

namespace damfs {
namespace {

enum class Hidden : uint8_t { kLeft, kToo };  // what programs made and removed within a minute

std::string original_path(const TrashRow& row) { return join_path(row.folder, row.original_name); }

std::vector<TrashRow> all_of_it(Reader& reader, Hidden hidden = Hidden::kLeft) {
  std::vector<int64_t> ids;
  if (hidden == Hidden::kToo) ids = reader.hidden_trash(std::numeric_limits<int64_t>::max());
  reader.assets(Grouping::kTrash, 0, 0, [&](const AssetRow& row) {
    ids.push_back(row.cursor);
    return true;
  });
  std::vector<TrashRow> rows;
  for (const int64_t id : ids) {
    if (auto row = reader.trash_entry(id)) rows.push_back(std::move(*row));
  }
  return rows;
}

void list_trash(const Teller& tell, Hidden hidden, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  for (const TrashRow& row : all_of_it(*catalog.reader(), hidden)) {
    const std::string when = local_time(row.deleted_ns / 1'000'000'000 * 1'000'000'000).text();
    tell.line({{"name", row.name},
               {"from", original_path(row)},
               {"deleted", when},
               {"uid", row.uid},
               {"asset", row.asset},
               {"hidden", row.is_hidden}});
    tell.words("{}  {}  (from originals/{})\n", when, printable(row.name), printable(original_path(row)));
  }
}

// Under the name it had; where that is taken, the folder has both.
void restore(const std::vector<std::string>& names, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  std::vector<TrashRow> wanted;
  {
    const auto reader = catalog.reader();
    // Whoever names one of the others has seen it in the longer list.
    const auto rows = all_of_it(*reader, names.empty() ? Hidden::kLeft : Hidden::kToo);
    for (const std::string& name : names) {
      const auto found =
          std::find_if(rows.begin(), rows.end(), [&](const TrashRow& row) { return row.name == nfc(name); });
      if (found == rows.end()) fail(ENOENT, "there is no '{}' in the trash; see `damfs trash list`", printable(name));
      wanted.push_back(*found);
    }
    if (names.empty()) wanted = rows;
  }
  auto restored = nlohmann::ordered_json::array();
  catalog.write(act_of_user("trash restore of {} files", wanted.size()), [&](Writer& writer) {
    restored.clear();
    for (const TrashRow& row : wanted) {
      const int64_t folder = writer.ensure_folder(row.folder);
      std::string name = row.original_name;
      for (int number = 2; writer.entry_at(folder, name); ++number) {
        name = with_suffix(row.original_name, fmt::format("~{}", number));
      }
      writer.restore_entry(row, folder, name);
      restored.push_back({{"name", row.name}, {"asset", row.asset}, {"path", join_path(row.folder, name)}});
    }
  });
  for (const auto& each : restored) tell.line(each);
  tell.words("{} restored\n", wanted.size());
}

void empty(const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto rows = all_of_it(*catalog.reader());
  catalog.write(act_of_user("trash empty"), [&](Writer& writer) {
    for (const TrashRow& row : rows) writer.drop_trash(row.id);
  });
  tell.line({{"emptied", rows.size()}});
  tell.words("{} are out of the trash. Their bytes stay, and `damfs undo` brings them back, until `damfs purge`\n",
             rows.size());
}

// The one of that number, or else the one before the newest; 0: there is none.
int64_t version_to_revert_to(const std::vector<VersionRow>& versions, int64_t newest, std::optional<int64_t> number) {
  int64_t before = 0;
  for (const VersionRow& version : versions) {
    if (number ? version.number == *number : version.id == newest) return number ? version.id : before;
    before = version.id;
  }
  return 0;
}

void revert(const std::string& item, std::optional<int64_t> to, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  int64_t asset = 0;
  int64_t version = 0;
  {
    const auto reader = catalog.reader();
    const auto found = resolve_item(*reader, item, globals);
    if (!found) return;
    asset = *found;
    version = version_to_revert_to(reader->versions(asset), reader->asset(asset)->row.version, to);
    if (version == 0) {
      fail(ENOENT, "{} has no {} version (see versions/ in the mount)", printable(item),
           to ? fmt::format("{}.", *to) : "earlier");
    }
  }
  bool changed = false;
  catalog.write(act_of_user("revert {}", item), [&](Writer& writer) { changed = writer.revert(asset, version); });
  tell.line({{"asset", asset}, {"reverted", changed}});
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
      [tell_list, all, &globals] { list_trash(tell_list, *all ? Hidden::kToo : Hidden::kLeft, globals); });
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
