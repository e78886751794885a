// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/view.h"

namespace damfs {

// originals/: what was imported, under the folders and names it came with. A key is a folder's id.
class OriginalsView final : public View {
 public:
  OriginalsView();
  Group group_of(int64_t key) const override;
  std::optional<int64_t> key_of(Group group) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
