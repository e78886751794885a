// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <memory>

#include "catalog/places/object_store.h"
#include "catalog/places/places.h"
#include "tests/support/far_store.h"

namespace damfs {

// The same program with its bytes far away.
Places::Parts places_of(const ObjectStore& store) {
  Places::Parts parts;
  parts.places.push_back(std::make_unique<test::FarStore>(store));
  parts.stage = [&store] { return store.stage_unnamed(); };
  return parts;
}

}  // namespace damfs
