// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "catalog/places/object_store.h"
#include "catalog/places/place.h"

namespace damfs {

// The library's own objects/, whose bytes are always descriptors.
class StorePlace final : public Place {
 public:
  explicit StorePlace(const ObjectStore& store) : store_(store) {}
  std::string name() const override { return "the library"; }
  bool has(const Digest& sha256, int64_t size) const override { return store_.is_there(sha256, size); }
  std::optional<Opened> open(const Digest& sha256) const override {
    auto object = store_.open(sha256);
    if (!object) return std::nullopt;
    return Opened{std::move(*object)};
  }

 private:
  const ObjectStore& store_;
};

}  // namespace damfs
