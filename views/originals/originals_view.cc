// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/originals/originals_view.h"

namespace damfs {

OriginalsView::OriginalsView() : View(1, "originals") {}

View::Group OriginalsView::group_of(int64_t key) const {
  return {Grouping::kFolder, key == 0 ? top_key(Grouping::kFolder) : key};
}

std::optional<int64_t> OriginalsView::key_of(Group group) const {
  if (group.grouping != Grouping::kFolder) return std::nullopt;
  return group.key == top_key(Grouping::kFolder) ? 0 : group.key;
}

void OriginalsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const auto& [folder, name] : reader.folder_entries(asset.row.id))
    visit(*key_of({Grouping::kFolder, folder}), name);
}

}  // namespace damfs
