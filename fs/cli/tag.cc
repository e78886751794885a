// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/acts/tagging.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/teller.h"

namespace damfs {
namespace {

// Tags and albums are marked, unmarked and listed alike.
struct Marking {
  Grouping grouping;
  const char* noun;     // "tag"
  const char* example;  // "places/italy"
  const char* view;     // "by-tag"
};

constexpr Marking kTags{Grouping::kTag, "tag", "places/italy", "by-tag"};
constexpr Marking kAlbums{Grouping::kAlbum, "album", "Holidays/Rome", "albums"};

struct TagArguments {
  std::string group;
  Items items;
  Teller tell;
};

// What was not called by its name is told as an error.
int64_t require_done(const Tagged& tagged, const Marking& marking) {
  if (!tagged.missing) return tagged.changed;
  fail(ENOENT, "there is no {} '{}'; `damfs {} list` shows what there is", marking.noun, printable(*tagged.missing),
       marking.noun);
}

void mark(const Marking& marking, bool adding, const TagArguments& arguments, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const std::vector<int64_t> assets = resolve_items(*catalog.reader(), arguments.items, globals);
  if (assets.empty()) return;
  const Act act = act_of_user("{} {} {}", marking.noun, adding ? "add" : "remove", arguments.group);
  const int64_t changed = require_done(
      (adding ? add_to_group : remove_from_group)(catalog, act, marking.grouping, arguments.group, assets), marking);
  arguments.tell.line({{marking.noun, arguments.group},
                       {"act", adding ? "add" : "remove"},
                       {"changed", changed},
                       {"items", assets.size()}});
  arguments.tell.words("{} {} {} '{}'{}\n", changed, adding ? "added to" : "removed from", marking.noun,
                       printable(arguments.group),
                       changed < static_cast<int64_t>(assets.size()) ? " (the rest was so already)" : "");
}

void list(const Marking& marking, const Teller& tell, const Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  list_groups(*catalog.reader(), marking.grouping, [&](const ListedGroup& group) {
    const std::string query = group.query.empty() ? "" : fmt::format("  (query: {})", printable(group.query));
    tell.line(
        {{marking.noun, group.name}, {"assets", group.assets}, {"query", group.query}, {"numbered", group.numbered}});
    tell.words("{:>8}  {}{}{}\n", group.assets, printable(group.name), query, group.numbered ? "  (numbered)" : "");
  });
}

// What changes the groups themselves, by their names alone.
struct Change {
  const char* name;
  const char* help;  // {}: the noun
  const char* second;
  const char* second_help;
  Tagged (*act)(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                const std::string& second);
};

constexpr Change kChanges[] = {
    {"rename", "Give a {} another name, or another place", "NEW", "Its name from now on; 'a/b' is b below a",
     &rename_group},
    {"merge", "Put all that is in a {} into another, and what is below it", "INTO", "Which one stays", &merge_groups},
    {"delete", "Delete a {} and what is below it; what was in it stays in the library", nullptr, nullptr,
     [](Catalog& catalog, const Act& act, Grouping grouping, const std::string& name, const std::string&) {
       return delete_group(catalog, act, grouping, name);
     }},
};

void add_change(CLI::App& verb, Globals& globals, const Marking& marking, const Change& change) {
  auto* act = verb.add_subcommand(change.name, fmt::format(fmt::runtime(change.help), marking.noun));
  act->footer("`damfs undo` takes it back.");
  auto names = std::make_shared<std::pair<std::string, std::string>>();
  act->add_option("NAME", names->first, fmt::format("The {}; 'a/b' is b below a", marking.noun))->required();
  if (change.second != nullptr) act->add_option(change.second, names->second, change.second_help)->required();
  const Teller tell(*act);
  act->callback([&globals, &marking, &change, names, tell] {
    const Library library = globals.open_library();
    Catalog catalog(library.catalog());
    const Act what =
        act_of_user("{} {} {}{}{}", marking.noun, change.name, names->first, change.second ? " " : "", names->second);
    require_done(change.act(catalog, what, marking.grouping, names->first, names->second), marking);
    nlohmann::ordered_json line = {{marking.noun, names->first}, {"act", change.name}};
    if (change.second != nullptr) line["to"] = names->second;
    tell.line(line);
  });
}

void add_marking(CLI::App& program, Globals& globals, const Marking& marking, const std::string& what) {
  const std::string noun = marking.noun;
  auto* verb = program.add_subcommand(noun, what);
  verb->require_subcommand(1);
  const std::string examples = fmt::format(
      "Examples:\n  damfs {0} add {1} 2024/IMG_0001.JPG 2024/IMG_0002.JPG\n  damfs {0} remove {1} IMG_0001.JPG\n"
      "  damfs {0} list",
      noun, marking.example);
  verb->footer(
      fmt::format("A mounted library shows the change under {}/ within a second.\n\n{}", marking.view, examples));
  for (const bool adding : {true, false}) {
    auto* act = verb->add_subcommand(adding ? "add" : "remove", adding ? "Add items to a " + noun + ", made if need be"
                                                                       : "Take items out of a " + noun);
    act->footer(items_help() + "\n\n" + examples);
    auto arguments = std::make_shared<TagArguments>();
    act->add_option(adding ? "NAME" : "NAME", arguments->group, "The " + noun + "; 'a/b' is b below a")->required();
    add_items(*act, arguments->items, "What");
    arguments->tell = Teller(*act);
    act->callback([&globals, &marking, adding, arguments] { mark(marking, adding, *arguments, globals); });
  }
  for (const Change& change : kChanges) add_change(*verb, globals, marking, change);
  auto* listing = verb->add_subcommand("list", "List each with how many assets it holds directly");
  const Teller tell(*listing);
  listing->callback([&globals, &marking, tell] { list(marking, tell, globals); });
}

struct QueryArguments {
  std::string album;
  std::optional<std::string> query;
  Teller tell;
};

void show_query(const std::string& album, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto query = album_query(catalog, album);
  if (!query) require_done({.missing = album}, kAlbums);
  tell.line({{"album", album}, {"query", *query}});
  if (!query->empty()) tell.words("{}\n", printable(*query));
}

void set_query(const std::string& album, const std::string& query, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  require_done(set_album_query(catalog, act_of_user("album query {} {}", album, query), album, query), kAlbums);
  tell.line({{"album", album}, {"query", query}});
}

void add_query(CLI::App& verb, Globals& globals) {
  auto* act = verb.add_subcommand("query", "Let a query fill an album, or show the query that does");
  act->footer(
      "QUERY is in the words of `damfs find`; '' makes it an empty album again. The album is made if need be, and must "
      "be\nempty. A mount shows the same as the extended attribute user.damfs.query. `damfs undo` takes it back.\n\n"
      "Examples:\n  damfs album query 'Best 2024' 'rating:>=4 date:2024'\n  damfs album query 'Best 2024'\n"
      "  damfs album query 'Best 2024' ''");
  auto arguments = std::make_shared<QueryArguments>();
  act->add_option("NAME", arguments->album, "The album; 'a/b' is b below a")->required();
  act->add_option("QUERY", arguments->query, "What it is to show");
  arguments->tell = Teller(*act);
  act->callback([&globals, arguments] {
    if (arguments->query) return set_query(arguments->album, *arguments->query, arguments->tell, globals);
    show_query(arguments->album, arguments->tell, globals);
  });
}

void add_numbered(CLI::App& verb, Globals& globals) {
  auto* act = verb.add_subcommand("numbered", "Let an album show numbers before its names, in their order");
  act->footer(
      "A mount shows \"001 a.jpg\", \"002 b.jpg\" in it, and `mv` there moves: mv \"002 b.jpg\" \"001 b.jpg\". The "
      "same "
      "as the\nextended attribute user.damfs.numbered. `damfs undo` takes it back.");
  auto arguments = std::make_shared<std::pair<std::string, std::string>>();
  act->add_option("NAME", arguments->first, "The album; 'a/b' is b below a")->required();
  act->add_option("on|off", arguments->second, "Whether it does")->required()->check(CLI::IsMember({"on", "off"}));
  const Teller tell(*act);
  act->callback([&globals, arguments, tell] {
    const std::string& album = arguments->first;
    const bool on = arguments->second == "on";
    const Library library = globals.open_library();
    Catalog catalog(library.catalog());
    const Act what = act_of_user("album numbered {} {}", album, arguments->second);
    require_done(set_album_numbers(catalog, what, album, on), kAlbums);
    tell.line({{"album", album}, {"numbered", on}});
  });
}

}  // namespace

void add_tag(CLI::App& program, Globals& globals) {
  add_marking(program, globals, kTags, "Tag and untag; list, rename, merge and delete tags");
}

void add_album(CLI::App& program, Globals& globals) {
  add_marking(program, globals, kAlbums, "Put into albums and take out; list, rename, merge and delete albums");
  add_query(*program.get_subcommand(kAlbums.noun), globals);
  add_numbered(*program.get_subcommand(kAlbums.noun), globals);
}

}  // namespace damfs
