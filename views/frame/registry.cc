// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/albums/albums_view.h"
#include "views/by_date/by_date_view.h"
#include "views/by_rating/by_rating_view.h"
#include "views/by_tag/by_tag_view.h"
#include "views/duplicates/duplicates_view.h"
#include "views/frame/view.h"
#include "views/inbox/inbox_view.h"
#include "views/originals/originals_view.h"
#include "views/recent/recent_view.h"
#include "views/search/search_view.h"
#include "views/sidecars/sidecars_view.h"
#include "views/trash/trash_view.h"
#include "views/versions/versions_view.h"

namespace damfs {

std::vector<std::unique_ptr<View>> make_views() {
  std::vector<std::unique_ptr<View>> views;
  views.push_back(std::make_unique<OriginalsView>());
  views.push_back(std::make_unique<ByDateView>());
  views.push_back(std::make_unique<ByTagView>());
  views.push_back(std::make_unique<View>(ViewCode::kByType, "by-type", Grouping::kKind));
  views.push_back(std::make_unique<View>(ViewCode::kByCamera, "by-camera", Grouping::kCamera));
  views.push_back(std::make_unique<View>(ViewCode::kByLens, "by-lens", Grouping::kLens));
  views.push_back(std::make_unique<ByRatingView>());
  views.push_back(std::make_unique<AlbumsView>());
  views.push_back(std::make_unique<RecentView>());
  views.push_back(std::make_unique<InboxView>());
  views.push_back(std::make_unique<VersionsView>());
  views.push_back(std::make_unique<TrashView>());
  views.push_back(std::make_unique<SearchView>());
  views.push_back(std::make_unique<DuplicatesView>());
  views.push_back(std::make_unique<SidecarsView>());
  return views;
}

}  // namespace damfs
