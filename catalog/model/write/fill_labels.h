// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/db/database.h"
#include "catalog/model/groupings.h"

namespace damfs {

// Puts every asset into the group of a grouping of labels that a schema step has just made: its table is empty, its
// column NULL. Of a file's facts it knows make, model and lens. In the caller's transaction.
void fill_labels(db::Database& database, const GroupingRow& grouping);

bool has_table(db::Database& database, std::string_view name);

}  // namespace damfs
