// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/acts/items.h"
#include "fs/cli/command.h"

namespace damfs {

// ITEM… and --query, one of which resolve_items() wants to be given.
void add_items(CLI::App& verb, Items& items, const std::string& help);
std::string items_help();

// The assets that are meant; items may be paths below a mount, too. One that names none is reported to stderr and makes
// globals.exit_code kPartlyDone, or kFailed when none is left.
std::vector<int64_t> resolve_items(Reader& reader, const Items& items, Globals& globals);

// For verbs that take one file. Empty: it was reported.
std::optional<int64_t> resolve_item(Reader& reader, const std::string& item, Globals& globals);

}  // namespace damfs
