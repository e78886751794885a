// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_tag/by_tag_view.h"

namespace damfs {

ByTagView::ByTagView() : GroupView(3, "by-tag") {}

View::Group ByTagView::group_of(int64_t key) const {
  return {Grouping::kTag, key == 0 ? top_key(Grouping::kTag) : key};
}

std::optional<int64_t> ByTagView::key_of(Group group) const {
  if (group.grouping != Grouping::kTag) return std::nullopt;
  return group.key == top_key(Grouping::kTag) ? 0 : group.key;
}

void ByTagView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const int64_t tag : reader.tags(asset.row.id)) visit(*key_of({Grouping::kTag, tag}), asset.name);
}

}  // namespace damfs
