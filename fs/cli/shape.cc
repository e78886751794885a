// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/shape.h"

namespace damfs {

std::vector<const CLI::App*> shown_verbs(const CLI::App& of) {
  return of.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

std::vector<const CLI::Option*> shown_options(const CLI::App& of) {
  return of.get_options([](const CLI::Option* each) { return !each->get_group().empty() && !each->get_positional(); });
}

std::vector<const CLI::Option*> shown_places(const CLI::App& of) {
  return of.get_options([](const CLI::Option* each) { return !each->get_group().empty() && each->get_positional(); });
}

std::vector<std::string> names_of(const CLI::Option& option) {
  if (option.get_positional()) return {option.get_name(true)};
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string value_of(const CLI::Option& option) {
  if (option.get_type_size() == 0 || option.get_items_expected_max() == 0) return {};
  // Behind it stands what its check wants: "UINT:INT in [1 - 1024]".
  const std::string type = option.get_type_name();
  return type.empty() ? "VALUE" : type.substr(0, type.find(':'));
}

bool may_repeat(const CLI::Option& place) {
  return place.get_items_expected_max() >= CLI::detail::expected_max_vector_size;
}

bool is_needed(const CLI::Option& place) { return place.get_required(); }

}  // namespace damfs
