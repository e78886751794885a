// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/sidecars/sidecars_view.h"

#include "views/sidecars/sidecar_nodes.h"

namespace damfs {

SidecarsView::SidecarsView()
    : View(ViewCode::kSidecars, "sidecars", Grouping::kFolder), beside_(std::make_unique<Sidecars>()) {}
SidecarsView::~SidecarsView() = default;

void SidecarsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const auto& [folder, name] : reader.folder_entries(asset.row.id))
    visit(*key_of({Grouping::kFolder, folder}), name);
}

}  // namespace damfs
