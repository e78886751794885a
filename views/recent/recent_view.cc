// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/recent/recent_view.h"

namespace damfs {

RecentView::RecentView() : View(ViewCode::kRecent, "recent", Grouping::kRecent) {}

void RecentView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  if (asset.row.is_in_flat_views() && asset.row.id >= reader.recent_floor()) visit(0, asset.name);
}

}  // namespace damfs
