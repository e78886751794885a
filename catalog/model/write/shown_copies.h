// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/model/catalog.h"

namespace damfs {

// Of exact copies flat views (by-date, by-type, by-camera, by-lens, recent, search) show all, or the oldest alone:
// makes the catalog so, in pieces, for each name that is shown is counted in it. What was interrupted is ended by the
// next call.
void show_copies(Catalog& catalog, bool show);

}  // namespace damfs
