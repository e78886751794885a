// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// by-camera/<make model>/. A key is a camera's id.
class ByCameraView final : public View {
 public:
  ByCameraView();
  Group group_of(int64_t key) const override;
  std::optional<int64_t> key_of(Group group) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
