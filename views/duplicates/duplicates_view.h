// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// duplicates/<SHA-256>/: the assets that hold the same bytes, side by side; its owner's alone, for it tells what is in
// files that others may not read. A key is a blob's id.
class DuplicatesView final : public View {
 public:
  DuplicatesView();
  std::optional<GroupRow> folder(Reader& reader, int64_t key) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
