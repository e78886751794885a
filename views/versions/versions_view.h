// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// versions/<asset>/v001.jpg …: every state that an asset has had. Those with but one are found and not listed. A key is
// an asset's id.
class VersionsView final : public View {
 public:
  VersionsView();
  bool may_cache_absence() const override { return false; }  // what is found and not listed is never invalidated
  std::optional<GroupRow> folder(Reader& reader, int64_t key) const override;
  std::optional<GroupRow> find_folder(Reader& reader, int64_t key, std::string_view name) const override;
  void folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const override;
  std::optional<FoundAsset> find_asset(Reader& reader, int64_t key, std::string_view name) const override;
  std::vector<FoundAsset> assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const override;
  void assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
