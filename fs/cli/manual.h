// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace damfs {

// Man pages in roff, told from what `--help` tells.
std::string manual_of_program(const CLI::App& program);                     // damfs(1)
std::string manual_of_verb(const CLI::App& program, const CLI::App& verb);  // damfs-VERB(1), with its own verbs

}  // namespace damfs
