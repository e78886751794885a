// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/group_view.h"
#include "views/search/query_members.h"

namespace damfs {

// albums/<nested>/: ordered by hand, or smart: what the query finds that the extended attribute user.damfs.query says.
// With user.damfs.numbered the names in it begin with numbers, in that order. A key is an album's id.
class AlbumsView final : public GroupView {
 public:
  AlbumsView();

  std::optional<GroupRow> folder(Reader& reader, int64_t key) const override;
  std::optional<GroupRow> find_folder(Reader& reader, int64_t key, std::string_view name) const override;
  void folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const override;
  std::optional<FoundAsset> find_asset(Reader& reader, int64_t key, std::string_view name) const override;
  std::vector<FoundAsset> assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const override;
  void assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const override;
  // Of the albums that it was put into; smart ones are told as searches are.
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
  void names_in(Reader& reader, int64_t key, const FoundAsset& asset, const NameVisitor& visit) const override;

  std::span<const std::string_view> folder_xattrs() const override;
  std::optional<std::string> folder_xattr(Reader& reader, int64_t key, std::string_view name) const override;
  void set_folder_xattr(Writer& writer, int64_t key, std::string_view name, std::string_view value) const override;

  bool may_cache_names(Reader& reader, int64_t key) const override;
  void require_takes_files(Reader& reader, int64_t key) const override;
  Sealed seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const override;
  void add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const override;
  bool move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
            std::string_view to, const std::optional<FoundAsset>& over) const override;

 private:
  class Smart;
  // Null: it is filled by hand.
  std::unique_ptr<const Smart> smart(Reader& reader, int64_t key) const;
  bool reorder(Writer& writer, int64_t album, const FoundAsset& asset, std::string_view to) const;

  mutable ResultPages pages_;
};

}  // namespace damfs
