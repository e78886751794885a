// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_date/by_date_view.h"

namespace damfs {

ByDateView::ByDateView() : View(2, "by-date") {}

View::Group ByDateView::group_of(int64_t key) const {
  return {Day::from_key(key).month == 0 ? Grouping::kYear : Grouping::kDay, key};
}

std::optional<int64_t> ByDateView::key_of(Group group) const {
  if (group.grouping != Grouping::kYear && group.grouping != Grouping::kDay) return std::nullopt;
  return group.key;
}

void ByDateView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  (void)reader;
  if (asset.row.is_in_flat_views()) visit(asset.row.day, asset.name);
}

}  // namespace damfs
