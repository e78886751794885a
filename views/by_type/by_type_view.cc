// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_type/by_type_view.h"

namespace damfs {

ByTypeView::ByTypeView() : View(4, "by-type") {}

View::Group ByTypeView::group_of(int64_t key) const { return {Grouping::kKind, key}; }

std::optional<int64_t> ByTypeView::key_of(Group group) const {
  if (group.grouping != Grouping::kKind) return std::nullopt;
  return group.key;
}

std::optional<GroupRow> ByTypeView::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  const auto kind = key == 0 ? kind_from_string(name) : std::nullopt;
  return kind ? folder(reader, static_cast<int64_t>(*kind)) : std::nullopt;
}

void ByTypeView::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  if (key != 0) return;
  for (const Kind kind : kAllKinds) {
    if (static_cast<int64_t>(kind) <= after) continue;
    const auto row = folder(reader, static_cast<int64_t>(kind));
    if (row && !visit(*row)) return;
  }
}

void ByTypeView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  (void)reader;
  if (asset.row.is_in_flat_views()) visit(static_cast<int64_t>(asset.row.kind), asset.name);
}

}  // namespace damfs
