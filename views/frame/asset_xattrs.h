// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"

namespace damfs {

// What the extended attributes of an original say: user.xdg.tags (names, '/' between the parts of one, ',' between
// tags), user.xdg.comment, user.dublincore.title, user.baloo.rating (0 to 10) are the catalog's; user.damfs.* is only
// read; all other user.* are kept as they are.
std::optional<std::string> asset_xattr(Catalog& catalog, const FoundAsset& asset, std::string_view name);
std::vector<std::string> asset_xattr_names(Catalog& catalog, const FoundAsset& asset);

bool is_settable(std::string_view name);
// Whether it is computed, and can only be read. Setting it succeeds and does nothing, which the log says once: a
// program that restores a file with all its attributes is not to fail.
bool is_worked_out(std::string_view name);
// Throws EOPNOTSUPP for what is not user.*.
void require_settable(std::string_view name);

// An empty value takes it away. Throws EOPNOTSUPP for what is not user.*, EINVAL for what is not understood.
void set_asset_xattr(Writer& writer, int64_t asset, std::string_view name, std::string_view value);

// As said by a program that copies a file to where it is one that is there already: what is new of it is taken, and
// nothing that stands is changed.
void add_asset_xattr(Writer& writer, int64_t asset, std::string_view name, std::string_view value);

}  // namespace damfs
