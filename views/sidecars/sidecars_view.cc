// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/sidecars/sidecars_view.h"

#include "views/sidecars/sidecar_nodes.h"

namespace damfs {

SidecarsView::SidecarsView() : View(kCode, "sidecars"), beside_(std::make_unique<Sidecars>()) {}
SidecarsView::~SidecarsView() = default;

View::Group SidecarsView::group_of(int64_t key) const {
  return {Grouping::kFolder, key == 0 ? top_key(Grouping::kFolder) : key};
}

std::optional<int64_t> SidecarsView::key_of(Group group) const {
  if (group.grouping != Grouping::kFolder) return std::nullopt;
  return group.key == top_key(Grouping::kFolder) ? 0 : group.key;
}

void SidecarsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const auto& [folder, name] : reader.folder_entries(asset.row.id))
    visit(*key_of({Grouping::kFolder, folder}), name);
}

}  // namespace damfs
