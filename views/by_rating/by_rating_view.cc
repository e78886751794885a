// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_rating/by_rating_view.h"

namespace damfs {
namespace {

constexpr int64_t kMostStars = 5;

}  // namespace

ByRatingView::ByRatingView() : View(6, "by-rating") {}

View::Group ByRatingView::group_of(int64_t key) const { return {Grouping::kRating, key}; }

std::optional<int64_t> ByRatingView::key_of(Group group) const {
  if (group.grouping != Grouping::kRating) return std::nullopt;
  return group.key;
}

std::optional<GroupRow> ByRatingView::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  if (key != 0 || name.size() != 1 || name[0] < '1' || name[0] > '0' + kMostStars) return std::nullopt;
  return folder(reader, name[0] - '0');
}

void ByRatingView::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  if (key != 0) return;
  for (int64_t stars = after + 1; stars <= kMostStars; ++stars) {
    const auto row = folder(reader, stars);
    if (row && !visit(*row)) return;
  }
}

void ByRatingView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  (void)reader;
  if (asset.row.rating && *asset.row.rating >= 1) visit(*asset.row.rating, asset.name);
}

}  // namespace damfs
