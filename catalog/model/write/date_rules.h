// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <utility>

#include "catalog/base/folder.h"

namespace damfs {

// What a library's settings say of dates.
struct DateRules {
  bool from_names = true;  // as phones and messengers name files, where nothing better tells
};

// A catalog's file, and what its library has settled.
struct CatalogIn : FileIn {
  explicit CatalogIn(FileIn file, DateRules rules = {}) : FileIn(std::move(file)), dates(rules) {}
  DateRules dates;
};

}  // namespace damfs
