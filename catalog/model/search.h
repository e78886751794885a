// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include "catalog/model/query.h"
#include "catalog/model/reader.h"

namespace damfs {

// Calls `visit` with the ids of the assets for which every term holds, rising, those behind `after`, until it
// returns false. Uses `reader` all the while.
void search(Reader& reader, const std::vector<QueryTerm>& terms, int64_t after,
            const std::function<bool(int64_t asset)>& visit);

}  // namespace damfs
