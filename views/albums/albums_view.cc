// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/albums/albums_view.h"

namespace damfs {

AlbumsView::AlbumsView() : View(7, "albums") {}

View::Group AlbumsView::group_of(int64_t key) const {
  return {Grouping::kAlbum, key == 0 ? top_key(Grouping::kAlbum) : key};
}

std::optional<int64_t> AlbumsView::key_of(Group group) const {
  if (group.grouping != Grouping::kAlbum) return std::nullopt;
  return group.key == top_key(Grouping::kAlbum) ? 0 : group.key;
}

void AlbumsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const int64_t album : reader.albums(asset.row.id)) visit(*key_of({Grouping::kAlbum, album}), asset.name);
}

}  // namespace damfs
