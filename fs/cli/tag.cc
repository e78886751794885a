// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "catalog/model/writer.h"
#include "fs/cli/command.h"

namespace damfs {
namespace {

// Tags and albums are marked, unmarked and listed alike.
struct Marking {
  Grouping grouping;
  const char* noun;     // "tag"
  const char* example;  // "places/italy"
  const char* view;     // "by-tag"
  int64_t (Writer::*ensure)(std::string_view);
  std::optional<int64_t> (Writer::*find)(std::string_view);
  bool (Writer::*add)(int64_t asset, int64_t group);
  bool (Writer::*remove)(int64_t asset, int64_t group);
};

constexpr Marking kTags{
    Grouping::kTag,     "tag", "places/italy", "by-tag", &Writer::ensure_tag, &Writer::find_tag, &Writer::add_tag,
    &Writer::remove_tag};
constexpr Marking kAlbums{Grouping::kAlbum,      "album",
                          "Holidays/Rome",       "albums",
                          &Writer::ensure_album, &Writer::find_album,
                          &Writer::add_to_album, &Writer::remove_from_album};

struct Arguments {
  std::string group;
  std::vector<std::string> items;
};

void mark(const Marking& marking, bool adding, const Arguments& arguments, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  std::vector<int64_t> assets;
  {
    const auto reader = catalog.reader();
    assets = resolve_items(*reader, arguments.items, globals);
  }
  if (assets.empty()) return;
  int64_t changed = 0;
  catalog.write([&](Writer& writer) {
    changed = 0;
    const auto group = adding ? (writer.*marking.ensure)(arguments.group) : (writer.*marking.find)(arguments.group);
    if (!group) {
      fail(ENOENT, "there is no {} '{}'; `damfs {} list` shows what there is", marking.noun, printable(arguments.group),
           marking.noun);
    }
    for (const int64_t asset : assets) changed += (writer.*(adding ? marking.add : marking.remove))(asset, *group);
  });
  fmt::print("{} {} {} '{}'{}\n", changed, adding ? "added to" : "removed from", marking.noun,
             printable(arguments.group),
             changed < static_cast<int64_t>(assets.size()) ? " (the rest was so already)" : "");
}

void list_below(Reader& reader, const Marking& marking, int64_t key, const std::string& path) {
  std::vector<GroupRow> groups;
  reader.groups(marking.grouping, key, 0, [&](const GroupRow& row) {
    groups.push_back(row);
    return true;
  });
  for (const GroupRow& group : groups) {
    int64_t assets = 0;
    reader.assets(marking.grouping, group.key, 0, [&](const AssetRow&) { return ++assets > 0; });
    const std::string below = path.empty() ? group.name : path + "/" + group.name;
    fmt::print("{:>8}  {}\n", assets, printable(below));
    list_below(reader, marking, group.key, below);
  }
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
    auto arguments = std::make_shared<Arguments>();
    act->add_option(adding ? "NAME" : "NAME", arguments->group, "The " + noun + "; 'a/b' is b below a")->required();
    act->add_option("ITEM", arguments->items, "What")->required();
    act->callback([&globals, &marking, adding, arguments] { mark(marking, adding, *arguments, globals); });
  }
  auto* list = verb->add_subcommand("list", "List each with how many assets it holds directly");
  list->callback([&globals, &marking] {
    const Library library = globals.open_library();
    Catalog catalog(library.catalog());
    const auto reader = catalog.reader();
    list_below(*reader, marking, top_key(marking.grouping), "");
  });
}

}  // namespace

void add_tag(CLI::App& program, Globals& globals) { add_marking(program, globals, kTags, "Tag, untag and list tags"); }

void add_album(CLI::App& program, Globals& globals) {
  add_marking(program, globals, kAlbums, "Put into albums, take out, and list albums");
}

}  // namespace damfs
