// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/acts/setting.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/teller.h"

namespace damfs {
namespace {

struct SetArguments {
  Items items;
  std::optional<std::string> rating, title, description;
  Teller tell;
};

std::optional<int64_t> rating_of(const std::string& text) {
  if (text == "none") return std::nullopt;
  if (text == "rejected") return -1;
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '5') return text[0] - '0';
  fail(EINVAL, "'{}' is no rating: say 0 to 5, rejected or none", printable(text));
}

void set(const SetArguments& arguments, Globals& globals) {
  if (!arguments.rating && !arguments.title && !arguments.description) {
    fail(EINVAL, "say what to set: --rating, --title or --description");
  }
  const WordsToSet words{.sets_rating = arguments.rating.has_value(),
                         .rating = arguments.rating ? rating_of(*arguments.rating) : std::nullopt,
                         .title = arguments.title,
                         .description = arguments.description};
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const std::vector<int64_t> assets = resolve_items(*catalog.reader(), arguments.items, globals);
  if (assets.empty()) return;
  std::string what = "set";
  if (arguments.rating) what += " rating " + *arguments.rating;
  if (arguments.title) what += " title";
  if (arguments.description) what += " description";
  const int64_t changed = set_words(catalog, act_by_user(std::move(what)), assets, words);
  arguments.tell.line({{"changed", changed}, {"items", assets.size()}});
  arguments.tell.words("{} changed{}\n", changed,
                       changed < static_cast<int64_t>(assets.size()) ? " (the rest was so already)" : "");
}

}  // namespace

void add_set(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("set", "Rate, and give titles and descriptions");
  verb->footer(items_help() +
               "\n\n`damfs undo` takes it back.\n\nExamples:\n  damfs set --rating 5 2024/IMG_0001.JPG\n"
               "  damfs set --title 'Last light' --description 'Seen from the pier' IMG_0001.JPG");
  auto arguments = std::make_shared<SetArguments>();
  add_items(*verb, arguments->items, "What");
  verb->add_option("--rating", arguments->rating, "0 to 5, rejected or none");
  verb->add_option("--title", arguments->title, "A few words; '' for none");
  verb->add_option("--description", arguments->description, "Any text; '' for none");
  arguments->tell = Teller(*verb);
  verb->callback([arguments, &globals] { set(*arguments, globals); });
}

}  // namespace damfs
