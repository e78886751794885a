// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include "views/tree_context.h"

namespace damfs {

// That the cached listing of a view's folder no longer holds, nor anything that is made of it.
void tell_listing(const TreeContext& context, NodeId folder, std::vector<Stale>& stale);

// What the changes made stale in the folders that the kernel holds and a query fills: SearchView's, and smart albums.
void tell_searches(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                   const std::vector<ChangeRow>& changes, std::vector<Stale>& stale);

// The names of those of them that nobody has asked for in a long time: who lets them go, frees them here as well.
void tell_given_up(const TreeContext& context, const std::function<bool(NodeId)>& is_known, std::vector<Stale>& stale);

}  // namespace damfs
