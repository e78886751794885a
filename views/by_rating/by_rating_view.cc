// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_rating/by_rating_view.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "views/frame/filing.h"

namespace damfs {
ByRatingView::ByRatingView() : View(ViewCode::kByRating, "by-rating", Grouping::kRating) {}

void ByRatingView::require_takes_files(Reader&, int64_t key) const { require_stars(key); }

void ByRatingView::require_stars(int64_t key) const {
  if (key == 0)
    fail(EPERM, "{}/ holds the folders 1 to {}; put files into those", name(), row_of(Grouping::kRating).last);
}

View::Sealed ByRatingView::seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const {
  const int64_t asset = file_into_group(writer, *this, file, key, name);
  add(writer, key, name, asset);
  return {asset, writer.current_version(asset) == file.version && writer.label_of(asset) == name};
}

void ByRatingView::add(Writer& writer, int64_t key, std::string_view, int64_t asset) const {
  require_stars(key);
  writer.set_rating(asset, key);
}

void ByRatingView::remove(Writer& writer, const Actor&, int64_t key, const FoundAsset& asset) const {
  if (asset.row.rating == key) writer.set_rating(asset.row.id, std::nullopt);
}

bool ByRatingView::move(Writer& writer, const Actor&, int64_t, const FoundAsset& asset, int64_t to_key,
                        std::string_view to, const std::optional<FoundAsset>&) const {
  if (to != asset.name) fail(EPERM, "{} is called so in all of {}/; rename it in originals/", asset.name, name());
  add(writer, to_key, to, asset.row.id);
  return true;
}

}  // namespace damfs
