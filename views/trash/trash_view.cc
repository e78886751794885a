// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/trash/trash_view.h"

#include <cerrno>

#include "catalog/base/error.h"

namespace damfs {

TrashView::TrashView() : View(ViewCode::kTrash, "trash", Grouping::kTrash) {}

std::optional<GroupRow> TrashView::folder(Reader& reader, int64_t key) const {
  auto row = View::folder(reader, key);
  if (row) row->ownership.mode = 0700;
  return row;
}

// Deleted once more: it leaves the trash, and its bytes stay until `damfs purge`.
void TrashView::remove(Writer& writer, const Actor&, int64_t, const FoundAsset& asset) const {
  writer.drop_trash(asset.row.cursor);
}

void TrashView::take(Writer& writer, const Actor& actor, const View& from, int64_t from_key, const FoundAsset& asset,
                     int64_t, std::string_view name) const {
  const auto source = from.group_of(from_key);
  const auto entry = source.grouping == Grouping::kFolder ? writer.entry_at(source.key, asset.name) : std::nullopt;
  if (!entry) fail(EPERM, "only what is in originals/ can be moved to the trash");
  writer.trash_entry(*entry, actor.uid, name);
}

void TrashView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const auto& [id, name] : reader.trash_entries(asset.row.id)) visit(0, name);
}

}  // namespace damfs
