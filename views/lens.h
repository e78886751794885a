// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/rows.h"
#include "views/node.h"

namespace damfs {

struct TreeContext;
class View;

// Stands before an asset's id in a name that could not be its own: too long for it, or taken by a folder.
inline constexpr std::string_view kAssetMark = "~asset";

// What a folder shows of the assets in it: the originals themselves, or something derived from each. Any view
// can be looked at through any lens; `previews/medium/albums/Holiday` is the album through the medium lens.
class Lens {
 public:
  explicit Lens(unsigned code) : code_(code) {}
  virtual ~Lens() = default;
  Lens(const Lens&) = delete;
  Lens& operator=(const Lens&) = delete;

  unsigned code() const { return code_; }  // packed into node numbers: never renumber

  // Whether this lens shows the asset at all, and as what. From catalogued facts alone (law 2).
  virtual std::optional<Attributes> attributes(const AssetRow& asset) const = 0;

  // The name under which an asset called `name` appears. `has_sibling` tells whether the folder has an asset
  // of a given name.
  using HasSibling = std::function<bool(std::string_view)>;
  virtual std::string shown_name(std::string_view name, int64_t asset, const HasSibling& has_sibling) const = 0;

  // The names an asset may have that appears as `shown`, in the order they are to be tried: shown_name of the
  // asset found must give `shown` back.
  virtual std::vector<std::string> source_names(std::string_view shown) const = 0;
  // The sources whose shown names depend on whether the folder has one called `name`.
  virtual std::vector<std::string> dependents(std::string_view name) const {
    (void)name;
    return {};
  }

  virtual NodeRef node(const TreeContext& context, const FoundAsset& asset) const = 0;
  // The node number of a version through this lens.
  virtual NodeId node_id(int64_t version) const = 0;

 private:
  unsigned code_;
};

}  // namespace damfs
