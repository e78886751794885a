// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/model/read/reader.h"
#include "views/frame/lens.h"

namespace damfs {

// A file beside each asset in the folders of a view, made from what the catalog says of that asset. Where a folder is
// called like it, there is none. Thread-safe.
class Beside {
 public:
  virtual ~Beside() = default;

  // What the assets themselves are seen through in such a view: their numbers there, and names that leave those of the
  // files beside them free. Its code is 0.
  virtual const Lens& lens() const = 0;
  virtual Attributes asset_attributes(Reader& reader, const AssetRow& asset) const = 0;

  // The file beside an asset called `name`. Empty: it has none.
  virtual std::string name_of(std::string_view name, const AssetRow& asset) const = 0;
  virtual std::string possible_name(std::string_view name, int64_t asset) const = 0;
  // The asset whose file may be called `shown`, unless that has the asset's number. Empty: there is none.
  virtual std::optional<FoundAsset> asset_of(std::string_view shown, Siblings& siblings) const = 0;

  // Of the file.
  virtual Attributes attributes(Reader& reader, const AssetRow& asset) const = 0;
  virtual NodeRef node(const TreeContext& context, const FoundAsset& asset) const = 0;
};

}  // namespace damfs
