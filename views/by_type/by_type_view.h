// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// by-type/{image,video,audio,document,texture-pack,other}/: all six, always. A key is a Kind.
class ByTypeView final : public View {
 public:
  ByTypeView();
  Group group_of(int64_t key) const override;
  std::optional<int64_t> key_of(Group group) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
  std::optional<GroupRow> find_folder(Reader& reader, int64_t key, std::string_view name) const override;
  void folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const override;
};

}  // namespace damfs
