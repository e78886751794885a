// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_tag/by_tag_view.h"

namespace damfs {

ByTagView::ByTagView() : GroupView(ViewCode::kByTag, "by-tag", Grouping::kTag) {}

void ByTagView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const int64_t tag : reader.tags(asset.row.id)) visit(*key_of({Grouping::kTag, tag}), asset.name);
}

}  // namespace damfs
