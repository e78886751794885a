// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/group_view.h"

namespace damfs {

// by-tag/<tag>/<sub-tag>/: a tag's folder holds its sub-tags and what bears exactly this tag. A key is a tag's id.
class ByTagView final : public GroupView {
 public:
  ByTagView();
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
