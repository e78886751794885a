// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_camera/by_camera_view.h"

namespace damfs {

ByCameraView::ByCameraView() : View(5, "by-camera") {}

View::Group ByCameraView::group_of(int64_t key) const {
  return {Grouping::kCamera, key == 0 ? top_key(Grouping::kCamera) : key};
}

std::optional<int64_t> ByCameraView::key_of(Group group) const {
  if (group.grouping != Grouping::kCamera) return std::nullopt;
  return group.key == top_key(Grouping::kCamera) ? 0 : group.key;
}

void ByCameraView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  (void)reader;
  if (asset.row.camera && asset.row.is_in_flat_views()) visit(*asset.row.camera, asset.name);
}

}  // namespace damfs
