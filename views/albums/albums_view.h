// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/view.h"

namespace damfs {

// albums/<nested>/: ordered by hand. A key is an album's id.
class AlbumsView final : public View {
 public:
  AlbumsView();
  Group group_of(int64_t key) const override;
  std::optional<int64_t> key_of(Group group) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
