// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/albums/albums_view.h"
#include "views/by_date/by_date_view.h"
#include "views/by_rating/by_rating_view.h"
#include "views/by_tag/by_tag_view.h"
#include "views/duplicates/duplicates_view.h"
#include "views/frame/control_branch.h"
#include "views/frame/lens_branch.h"
#include "views/frame/original_node.h"
#include "views/frame/tree_context.h"
#include "views/frame/view.h"
#include "views/frame/views_branch.h"
#include "views/inbox/inbox_view.h"
#include "views/originals/originals_view.h"
#include "views/packs/pack_nodes.h"
#include "views/previews/still_node.h"
#include "views/proxies/camera_node.h"
#include "views/proxies/clip_node.h"
#include "views/recent/recent_view.h"
#include "views/search/search_news.h"
#include "views/search/search_view.h"
#include "views/sidecars/sidecar_nodes.h"
#include "views/sidecars/sidecars_view.h"
#include "views/trash/desktop_nodes.h"
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

std::vector<std::unique_ptr<Lens>> make_lenses(const Stills& stills) {
  std::vector<std::unique_ptr<Lens>> lenses;
  lenses.push_back(std::make_unique<PlainLens>());
  for (const StillProfile& profile : stills.profiles()) lenses.push_back(std::make_unique<StillLens>(profile));
  for (const ClipProfile& profile : clip_profiles()) lenses.push_back(std::make_unique<ClipLens>(profile));
  lenses.push_back(std::make_unique<CameraProxyLens>());
  return lenses;
}

std::vector<std::unique_ptr<Branch>> make_branches(const TreeContext& context) {
  std::vector<std::unique_ptr<Branch>> branches;
  branches.push_back(std::make_unique<ViewsBranch>(context));
  branches.push_back(std::make_unique<PacksBranch>(context));
  branches.push_back(std::make_unique<LensBranch>(context));
  branches.push_back(std::make_unique<ControlBranch>(context));
  branches.push_back(std::make_unique<DesktopTrashBranch>(context));
  branches.push_back(std::make_unique<SidecarsBranch>(context));
  branches.push_back(std::make_unique<SearchBranch>(context));
  return branches;
}

}  // namespace damfs
