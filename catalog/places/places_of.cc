// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <memory>

#include "catalog/places/places.h"
#include "catalog/places/store_place.h"

namespace damfs {

// In an object file by itself: a program of the tests is linked with another one (tests/far/places_of.cc).
Places::Parts places_of(const ObjectStore& store) {
  Places::Parts parts;
  parts.places.push_back(std::make_unique<StorePlace>(store));
  parts.stage = [&store] { return store.stage_unnamed(); };
  return parts;
}

}  // namespace damfs
