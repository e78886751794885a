// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "fs/cli/shape.h"
#include "shell.h"

namespace damfs {
namespace {

// What a value is completed with: a file, a folder, one of some words (a|b), a kind that `damfs complete` knows, or
// nothing.
std::string kind_of(std::string_view path, const CLI::Option& option) {
  const auto names = names_of(option);
  const auto is = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  const std::string_view groups = path.starts_with("album") ? "albums" : "tags";
  if (is("--tag")) return "tags";
  if (is("--album")) return "albums";
  if (is("--profile")) return "profiles";
  if (is("--encoding")) return "encodings";
  if (is("--into")) return "folders";
  if (is("--library") || is("DIR") || is("MOUNTPOINT")) return "folder";
  if (is("--log")) return "file";
  if (is("--rating")) return "0|1|2|3|4|5|rejected|none";
  if (is("--query") || is("QUERY")) return "words";
  if (is("PATH")) return path == "warm" ? "items" : "file";
  if (is("ITEM")) return "items";
  const bool names_a_group = is("NAME") || is("NEW") || is("INTO");
  if (names_a_group && (path.starts_with("tag ") || path.starts_with("album "))) return std::string(groups);
  if (option.get_positional() && names.front().find('|') != std::string::npos) return names.front();
  return "none";
}

// As the shells with Bourne's quotes take it; fish has the same ones.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// A verb, an option or a place: a word, what it is for, and what its value is completed with.
struct Word {
  std::string name;
  std::string help;
  std::string kind;  // empty: it takes no value
  bool repeats = false;
};

struct Table {
  std::string path;  // "tag add"; empty: the program itself
  std::vector<Word> verbs, options, places;
};

void collect(const CLI::App& verb, const std::string& path, std::vector<Table>& tables) {
  Table table{path, {}, {}, {}};
  for (const CLI::Option* each : shown_options(verb)) {
    const std::string kind = value_of(*each).empty() ? "" : kind_of(path, *each);
    for (const std::string& name : names_of(*each)) {
      table.options.push_back({name, each->get_description(), kind, false});
    }
  }
  for (const CLI::Option* each : shown_places(verb)) {
    table.places.push_back({names_of(*each).front(), each->get_description(), kind_of(path, *each), may_repeat(*each)});
  }
  const auto below = shown_verbs(verb);
  for (const CLI::App* each : below) table.verbs.push_back({each->get_name(), each->get_description(), "", false});
  tables.push_back(std::move(table));
  for (const CLI::App* each : below) {
    std::vector<std::string> names = each->get_aliases();
    names.insert(names.begin(), each->get_name());
    for (const std::string& name : names) collect(*each, path.empty() ? name : path + " " + name, tables);
  }
}

// 'ITEM=items...' and the like: what the shells part at the first = again.
std::vector<std::string> words_of(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const Word& word : words) {
    out.push_back(word.name + (word.kind.empty() ? "" : "=" + word.kind) + (word.repeats ? "..." : ""));
  }
  return out;
}

std::vector<std::string> helps_of(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const Word& word : words) out.push_back(word.help);
  return out;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + shell_quoted(word);
  return out;
}

std::string bourne_tables(const std::vector<Table>& tables, bool with_helps) {
  std::string out = "_damfs_at() {\n  verbs=() options=() places=()\n  case $1 in\n";
  for (const Table& table : tables) {
    out +=
        fmt::format("    ({})\n      verbs=({})\n      options=({})\n      places=({})\n", shell_quoted(table.path),
                    list_of(words_of(table.verbs)), list_of(words_of(table.options)), list_of(words_of(table.places)));
    if (with_helps) {
      out += fmt::format("      verb_helps=({})\n      option_helps=({})\n", list_of(helps_of(table.verbs)),
                         list_of(helps_of(table.options)));
    }
    out += "      ;;\n";
  }
  return out + "    (*) return 1 ;;\n  esac\n}\n";
}

std::string fish_tables(const std::vector<Table>& tables) {
  std::string out = "function __damfs_at\n  switch $argv[1]\n";
  for (const Table& table : tables) {
    out += fmt::format("    case {}\n", shell_quoted(table.path));
    const std::pair<const char*, std::vector<std::string>> lists[] = {{"verbs", words_of(table.verbs)},
                                                                      {"verb_helps", helps_of(table.verbs)},
                                                                      {"options", words_of(table.options)},
                                                                      {"option_helps", helps_of(table.options)},
                                                                      {"places", words_of(table.places)}};
    for (const auto& [name, words] : lists) out += fmt::format("      set -g __damfs_{} {}\n", name, list_of(words));
  }
  return out + "    case '*'\n      return 1\n  end\nend\n";
}

}  // namespace

std::string completion_script(const CLI::App& program, std::string_view shell) {
  constexpr std::string_view kMark = "# TABLES\n";
  std::vector<Table> tables;
  collect(program, "", tables);
  const std::string_view frame = shell == "bash" ? shell::k_bash : shell == "zsh" ? shell::k_zsh : shell::k_fish;
  std::string script(frame);
  script.replace(script.find(kMark), kMark.size(),
                 shell == "fish" ? fish_tables(tables) : bourne_tables(tables, shell == "zsh"));
  return script;
}

}  // namespace damfs
