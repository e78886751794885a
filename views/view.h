// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/model/reader.h"

namespace damfs {

// A way to browse: truth as folders of assets. A folder of it is named by a key of the view's own (64 bits,
// 0 for its top), which must say everything: views hold no state and no folder is ever stored. The defaults
// show the catalog's group that `group_of` names; a view overrides what differs. Thread-safe, as the readers
// are the callers'.
class View {
 public:
  struct Group {
    Grouping grouping;
    int64_t key;
  };

  // `code` is packed into node numbers: never renumber. `name` is its folder in the mount.
  View(unsigned code, std::string_view name) : code_(code), name_(name) {}
  virtual ~View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  unsigned code() const { return code_; }
  std::string_view name() const { return name_; }

  // The group behind a folder's key, and back. Empty: that group has no folder here.
  virtual Group group_of(int64_t key) const = 0;
  virtual std::optional<int64_t> key_of(Group group) const = 0;

  // A folder itself; its `parent` is a key of this view. Empty: gone.
  virtual std::optional<GroupRow> folder(Reader& reader, int64_t key) const;
  virtual std::optional<GroupRow> find_folder(Reader& reader, int64_t key, std::string_view name) const;
  virtual void folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const;
  virtual std::optional<FoundAsset> find_asset(Reader& reader, int64_t key, std::string_view name) const;
  virtual std::vector<FoundAsset> assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const;
  virtual void assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const;

  // Every (folder key, name) that the asset has in this view.
  using NameVisitor = std::function<void(int64_t key, std::string_view name)>;
  virtual void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const = 0;

 private:
  unsigned code_;
  std::string_view name_;
};

// The ways to browse, in the order the mount lists them.
std::vector<std::unique_ptr<View>> make_views();

}  // namespace damfs
