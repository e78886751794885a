// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace damfs {

// What the program takes, as `--help` tells it, for man pages and completions: what is hidden there is left out.
std::vector<const CLI::App*> shown_verbs(const CLI::App& of);
std::vector<const CLI::Option*> shown_options(const CLI::App& of);
std::vector<const CLI::Option*> shown_places(const CLI::App& of);  // ITEM, NAME …: what stands by its position

std::vector<std::string> names_of(const CLI::Option& option);  // "-q", "--quiet"; of a place its one name
std::string value_of(const CLI::Option& option);               // "TEXT"; empty: it takes none
bool may_repeat(const CLI::Option& place);
bool is_needed(const CLI::Option& place);

}  // namespace damfs
