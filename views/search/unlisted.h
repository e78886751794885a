// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "views/frame/tree_context.h"

namespace damfs {

// The folder called `name` in a view's folder, of those that would multiply and so are never listed: a query in
// search/, a '+' in a folder of assets, and what goes on behind it. Null: there is none; when `name` was meant as a
// query and is no good one, the reason is noted.
NodeRef find_unlisted(const TreeContext& context, const View& view, const Lens& lens, int64_t key,
                      std::string_view name);

}  // namespace damfs
