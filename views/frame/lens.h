// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/rows.h"
#include "views/frame/node.h"

namespace damfs {

struct StillProfile;
class Stills;
struct TreeContext;
class View;

// Stands before an asset's id in a name that could not be its own: too long for it, or taken by a folder.
inline constexpr std::string_view kAssetMark = "~asset";

// The assets of one folder, by name.
class Siblings {
 public:
  virtual ~Siblings() = default;
  virtual std::optional<FoundAsset> named(std::string_view name) = 0;
  virtual std::vector<FoundAsset> with_stem(std::string_view stem) = 0;  // whose name but for its extension is that
};

// What a folder shows of the assets in it: the originals themselves, or something derived from each. Any view
// can be looked at through any lens; `previews/medium/albums/Holiday` is the album through the medium lens.
class Lens {
 public:
  Lens(unsigned code, std::string_view name) : code_(code), name_(name) {}
  virtual ~Lens() = default;
  Lens(const Lens&) = delete;
  Lens& operator=(const Lens&) = delete;

  unsigned code() const { return code_; }          // packed into node numbers: never renumber
  std::string_view name() const { return name_; }  // its folder in previews/ or proxies/
  // The static folder (tree_context.h) below which the views stand when they are looked at through this lens.
  virtual int64_t top_key() const { return 0; }

  // Of a lens that shows stills: their profile. Null: it shows something else.
  virtual const StillProfile* still_profile() const { return nullptr; }

  // Whether this lens shows the asset at all, and as what. From catalogued facts alone (law 2).
  virtual std::optional<Attributes> attributes(const AssetRow& asset) const = 0;

  // The name under which an asset called `name` appears, which depends on what else is in its folder.
  virtual std::string shown_name(std::string_view name, int64_t asset, Siblings& siblings) const = 0;
  // Every name under which it may appear, whatever else is in the folder.
  virtual std::vector<std::string> possible_names(std::string_view name, int64_t asset) const = 0;

  // The assets that may appear as `shown`: shown_name of the right one gives `shown` back.
  virtual std::vector<FoundAsset> sources(std::string_view shown, Siblings& siblings) const = 0;
  // The other assets whose shown names depend on whether the folder has one called `name`.
  virtual std::vector<FoundAsset> dependents(std::string_view name, Siblings& siblings) const {
    (void)name, (void)siblings;
    return {};
  }

  // A file that stands for a folder itself: its name, or none, and its node. It is found by name and never listed;
  // assets and folders that are called so come first. Null: this folder has none.
  virtual std::string folder_file_name() const { return {}; }
  virtual NodeRef folder_file(const TreeContext& context, const View& view, int64_t key) const {
    (void)context, (void)view, (void)key;
    return nullptr;
  }

  virtual NodeRef node(const TreeContext& context, const FoundAsset& asset) const = 0;
  // Removes the derived file from the cache, as it can be made again. False: this lens keeps none.
  virtual bool drop(const TreeContext& context, const FoundAsset& asset) const {
    (void)context, (void)asset;
    return false;
  }
  // The node number of a version through this lens.
  virtual NodeId node_id(int64_t version) const = 0;

 private:
  unsigned code_;
  std::string name_;
};

// What assets are seen through, in the order the mount lists them. The first shows originals themselves.
std::vector<std::unique_ptr<Lens>> make_lenses(const Stills& stills);

}  // namespace damfs
