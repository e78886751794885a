// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include "views/frame/tree_context.h"

namespace damfs {

// Marks the listing of a view's folder as stale, with all that is made of it.
void add_stale_listing(const TreeContext& context, NodeId folder, std::vector<Stale>& stale);

// Adds what the changes make stale in folders that the kernel holds and a query fills: SearchView's, and smart albums.
void add_stale_searches(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                        const std::vector<ChangeRow>& changes, std::vector<Stale>& stale);

// Adds the entries of those that have not been used for long: once the kernel drops them, they are freed here too.
void add_given_up_entries(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                          std::vector<Stale>& stale);

}  // namespace damfs
