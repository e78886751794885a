// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/duplicates/duplicates_view.h"

namespace damfs {

DuplicatesView::DuplicatesView() : View(ViewCode::kDuplicates, "duplicates", Grouping::kDuplicates) {}

std::optional<GroupRow> DuplicatesView::folder(Reader& reader, int64_t key) const {
  auto row = View::folder(reader, key);
  if (row && key == 0) row->ownership.mode = 0700;
  return row;
}

void DuplicatesView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  if (const int64_t blob = reader.shared_blob(asset.row.id)) visit(blob, asset.name);
}

}  // namespace damfs
