// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// A tree of groups that assets are put into by hand: tags, albums. Its top only holds groups.
class GroupView : public TreeView {
 public:
  using TreeView::TreeView;
  Filing filing() const override { return Filing::kByDate; }
  void require_takes_files(Reader&, int64_t key) const override { group_for_assets(key); }
  Sealed seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const override;
  void add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const override;
  void remove(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset) const override;
  void remove_all(Writer& writer, int64_t key) const override;
  bool move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
            std::string_view to, const std::optional<FoundAsset>& over) const override;

 protected:
  Group group_for_assets(int64_t key) const;
};

}  // namespace damfs
