// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"
#include "views/search/query_folders.h"
#include "views/search/query_members.h"

namespace damfs {

// search/<query>/: what the query finds. The folders behind every '+' in the mount are of this view, too. All of them
// are found by name and never listed (unlisted.h finds them); a key is QueryFolders'.
class SearchView final : public View {
 public:
  SearchView();
  QueryFolders& folders_known() const { return folders_; }

  Place above(const GroupRow& row) const override;
  std::shared_ptr<const void> hold(int64_t key) const override { return folders_.find(key); }
  // Whatever is no folder yet is one as soon as a tag of that name is made.
  bool may_cache_absence() const override { return false; }

  std::optional<GroupRow> folder(Reader& reader, int64_t key) const override;
  std::optional<GroupRow> find_folder(Reader& reader, int64_t key, std::string_view name) const override;
  void folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const override;
  std::optional<FoundAsset> find_asset(Reader& reader, int64_t key, std::string_view name) const override;
  std::vector<FoundAsset> assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const override;
  void assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
  void names_in(Reader& reader, int64_t key, const FoundAsset& asset, const NameVisitor& visit) const override;

 private:
  // Null: it holds no assets.
  QueryFolderRef holder(int64_t key) const;
  QueryMembers members(const QueryFolder& folder) const;

  mutable QueryFolders folders_;
  mutable ResultPages pages_;
};

}  // namespace damfs
