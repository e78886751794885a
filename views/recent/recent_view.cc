// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/recent/recent_view.h"

namespace damfs {

RecentView::RecentView() : View(8, "recent") {}

View::Group RecentView::group_of(int64_t key) const {
  return {Grouping::kRecent, key == 0 ? top_key(Grouping::kRecent) : key};
}

std::optional<int64_t> RecentView::key_of(Group group) const {
  if (group.grouping != Grouping::kRecent) return std::nullopt;
  return group.key == top_key(Grouping::kRecent) ? 0 : group.key;
}

void RecentView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  if (asset.row.is_in_flat_views() && asset.row.id >= reader.recent_floor()) visit(0, asset.name);
}

}  // namespace damfs
