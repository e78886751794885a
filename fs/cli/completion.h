// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace damfs {

// What bash, zsh or fish is to read to complete this program's words: tables of its verbs, options and places, and
// fs/shell/<shell>'s way of going through them. What is in the library they ask `damfs complete` for.
std::string completion_script(const CLI::App& program, std::string_view shell);

}  // namespace damfs
