// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "catalog/db/database.h"

namespace damfs::test {

int64_t newest_catalog_version();

// A catalog as a damfs of that version left it: made by the steps up to it, with rows in every table, which say the
// same in all versions as far as a version can say it. Throws for a table or a column of that version that no row here
// has: whoever adds one gives it a row in old_catalog.cc.
void make_old_catalog(const FileIn& file, int64_t version);

// The tables of a database, those that SQLite keeps for a search index apart.
std::vector<std::string> tables_of(db::Database& database);
std::vector<std::string> columns_of(db::Database& database, const std::string& table);
// Each row as one line, in order.
std::vector<std::string> rows_of(db::Database& database, const std::string& table,
                                 const std::vector<std::string>& columns);
// Everything in it, by table.
std::map<std::string, std::vector<std::string>> contents_of(db::Database& database);

}  // namespace damfs::test
