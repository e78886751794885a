// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/writer.h"
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
  bool (Writer::*add)(int64_t asset, int64_t group);
  bool (Writer::*remove)(int64_t asset, int64_t group);
};

constexpr Marking kTags{Grouping::kTag, "tag", "places/italy", "by-tag", &Writer::add_tag, &Writer::remove_tag};
constexpr Marking kAlbums{Grouping::kAlbum,          "album", "Holidays/Rome", "albums", &Writer::add_to_album,
                          &Writer::remove_from_album};

struct TagArguments {
  std::string group;
  Items items;
  Teller tell;
};

int64_t find_existing(Writer& writer, const Marking& marking, const std::string& name) {
  const bool is_tag = marking.grouping == Grouping::kTag;
  if (const auto group = is_tag ? writer.tag_called(name) : writer.find_group(marking.grouping, name)) return *group;
  fail(ENOENT, "there is no {} '{}'; `damfs {} list` shows what there is", marking.noun, printable(name), marking.noun);
}

void mark(const Marking& marking, bool adding, const TagArguments& arguments, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  std::vector<int64_t> assets;
  {
    const auto reader = catalog.reader();
    assets = resolve_items(*reader, arguments.items, globals);
  }
  if (assets.empty()) return;
  int64_t changed = 0;
  catalog.write(act_of_user("{} {} {}", marking.noun, adding ? "add" : "remove", arguments.group), [&](Writer& writer) {
    changed = 0;
    const int64_t group = adding ? writer.ensure_group(marking.grouping, arguments.group)
                                 : find_existing(writer, marking, arguments.group);
    for (const int64_t asset : assets) changed += (writer.*(adding ? marking.add : marking.remove))(asset, group);
  });
  arguments.tell.line({{marking.noun, arguments.group},
                       {"act", adding ? "add" : "remove"},
                       {"changed", changed},
                       {"items", assets.size()}});
  arguments.tell.words("{} {} {} '{}'{}\n", changed, adding ? "added to" : "removed from", marking.noun,
                       printable(arguments.group),
                       changed < static_cast<int64_t>(assets.size()) ? " (the rest was so already)" : "");
}

void list_below(Reader& reader, const Marking& marking, int64_t key, const std::string& path, const Teller& tell) {
  std::vector<GroupRow> groups;
  reader.groups(marking.grouping, key, 0, [&](const GroupRow& row) {
    groups.push_back(row);
    return true;
  });
  for (const GroupRow& group : groups) {
    int64_t assets = 0;
    if (group.query.empty()) {
      reader.assets(marking.grouping, group.key, 0, [&](const AssetRow&) { return ++assets > 0; });
    } else {
      search(reader, parse_query(group.query), 0, [&](int64_t) { return ++assets > 0; });
    }
    const std::string below = join_path(path, group.name);
    const std::string query = group.query.empty() ? "" : fmt::format("  (query: {})", printable(group.query));
    tell.line({{marking.noun, below}, {"assets", assets}, {"query", group.query}, {"numbered", group.numbered}});
    tell.words("{:>8}  {}{}{}\n", assets, printable(below), query, group.numbered ? "  (numbered)" : "");
    list_below(reader, marking, group.key, below, tell);
  }
}

// What changes the groups themselves, by their names alone.
struct Change {
  const char* name;
  const char* help;  // {}: the noun
  const char* second;
  const char* second_help;
  void (*act)(Writer& writer, const Marking& marking, int64_t group, const std::string& second);
};

constexpr Change kChanges[] = {
    {"rename", "Give a {} another name, or another place", "NEW", "Its name from now on; 'a/b' is b below a",
     [](Writer& writer, const Marking& marking, int64_t group, const std::string& name) {
       writer.move_group(marking.grouping, group, name);
     }},
    {"merge", "Put all that is in a {} into another, and what is below it", "INTO", "Which one stays",
     [](Writer& writer, const Marking& marking, int64_t group, const std::string& into) {
       writer.merge_group(marking.grouping, group, find_existing(writer, marking, into));
     }},
    {"delete", "Delete a {} and what is below it; what was in it stays in the library", nullptr, nullptr,
     [](Writer& writer, const Marking& marking, int64_t group, const std::string&) {
       writer.delete_group(marking.grouping, group);
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
    catalog.write(
        act_of_user("{} {} {}{}{}", marking.noun, change.name, names->first, change.second ? " " : "", names->second),
        [&](Writer& writer) {
          change.act(writer, marking, find_existing(writer, marking, names->first), names->second);
        });
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
  auto* list = verb->add_subcommand("list", "List each with how many assets it holds directly");
  const Teller tell(*list);
  list->callback([&globals, &marking, tell] {
    const Library library = globals.open_library();
    Catalog catalog(library.catalog());
    const auto reader = catalog.reader();
    list_below(*reader, marking, top_key(marking.grouping), "", tell);
  });
}

struct QueryArguments {
  std::string album;
  std::optional<std::string> query;
  Teller tell;
};

void show_query(const std::string& album, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  std::string query;
  catalog.write([&](Writer& writer) { query = writer.album_query(find_existing(writer, kAlbums, album)); });
  tell.line({{"album", album}, {"query", query}});
  if (!query.empty()) tell.words("{}\n", printable(query));
}

void set_query(const std::string& album, const std::string& query, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  catalog.write(act_of_user("album query {} {}", album, query), [&](Writer& writer) {
    const int64_t group =
        query.empty() ? find_existing(writer, kAlbums, album) : writer.ensure_group(Grouping::kAlbum, album);
    writer.set_album_query(group, query);
  });
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
    catalog.write(act_of_user("album numbered {} {}", album, arguments->second),
                  [&](Writer& writer) { writer.set_album_numbers(find_existing(writer, kAlbums, album), on); });
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
