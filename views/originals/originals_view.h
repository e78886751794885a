// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// originals/: what was imported, under the folders and names it came with. A key is a folder's id. Names are compared
// byte by byte, as NFC and NFD spellings of one name may be two files.
class OriginalsView final : public TreeView {
 public:
  OriginalsView();
  Filing filing() const override { return Filing::kAtOnce; }
  std::optional<GroupRow> find_folder_of_any_spelling(Reader& reader, int64_t key,
                                                      std::string_view name) const override;
  std::optional<FoundAsset> find_asset_of_any_spelling(Reader& reader, int64_t key,
                                                       std::string_view name) const override;
  Sealed seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const override;
  void add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const override;
  void remove(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset) const override;
  bool move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
            std::string_view to, const std::optional<FoundAsset>& over) const override;
  bool is_removed_by_move() const override { return false; }
  void set_folder(Writer& writer, int64_t key, const AttributeChange& change) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
