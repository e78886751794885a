// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "catalog/db/database.h"
#include "catalog/model/rows.h"

namespace damfs {

// Of a row that begins with a cursor, a name and {asset}.
AssetRow asset_row(const db::Statement& row);
FoundAsset found_asset(const db::Statement& row);

Ownership ownership_at(const db::Statement& row, int column);  // mode, uid, gid
std::optional<int64_t> integer_at(const db::Statement& row, int column);

}  // namespace damfs
