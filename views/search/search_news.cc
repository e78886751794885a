// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/search/search_news.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "views/frame/folder_node.h"
#include "views/frame/views_branch.h"
#include "views/previews/collage_node.h"
#include "views/search/search_view.h"

namespace damfs {
namespace {

// How many entries are invalidated one by one. Behind a lens a name depends on others beside it, which have to be
// searched for.
constexpr size_t kMostTold = 1 << 17;
constexpr size_t kLensCost = 32;
constexpr size_t kMostCopiesTold = 64;

// A folder that a query fills: one of SearchView's, or a smart album.
struct Filled {
  View::Place place;
  View::Place above;
  std::string name;
  bool joins = false;       // a '+', which holds nothing itself
  bool asks_trees = false;  // what it shows depends on where folders or albums stand
  std::shared_ptr<const void> held;
};

struct Known {
  const Filled* folder;
  const Lens* lens;
  NodeId id;
};

bool asks_trees(const Criteria& criteria) {
  if (criteria.within && criteria.within->grouping == Grouping::kAlbum) return true;
  return std::any_of(criteria.terms.begin(), criteria.terms.end(), [](const QueryTerm& term) {
    return term.field == QueryTerm::Field::kAlbum || term.field == QueryTerm::Field::kPath;
  });
}

const SearchView& search_view(const TreeContext& context) {
  return static_cast<const SearchView&>(*context.view(ViewCode::kSearch));
}

std::vector<Filled> filled(const std::vector<QueryFolderRef>& folders) {
  std::vector<Filled> all;
  all.reserve(folders.size());
  for (const QueryFolderRef& folder : folders) {
    all.push_back({{ViewCode::kSearch, folder->key},
                   folder->above,
                   folder->name,
                   folder->joins,
                   asks_trees(folder->criteria),
                   folder});
  }
  return all;
}

void add_smart_albums(const TreeContext& context, std::vector<Filled>& all) {
  const auto albums = context.catalog.reader()->smart_albums();
  for (const auto& view : context.views) {
    for (const SmartAlbum& album : albums) {
      const auto key = view->key_of({Grouping::kAlbum, album.id});
      if (!key) continue;
      all.push_back({{view->code(), *key},
                     {view->code(), *view->key_of({Grouping::kAlbum, album.parent})},
                     album.name,
                     false,
                     asks_trees({{}, parse_query(album.query)}),
                     nullptr});
    }
  }
}

template <typename Work>
void each_known(const TreeContext& context, const std::vector<Filled>& folders,
                const std::function<bool(NodeId)>& is_known, const Work& work) {
  for (const Filled& folder : folders) {
    for (const auto& lens : context.lenses) {
      const NodeId id = NodeId::directory(folder.place.view, lens->code(), folder.place.key);
      if (is_known(id)) work(Known{&folder, lens.get(), id});
    }
  }
}

void tell_name(const Known& known, std::vector<Stale>& stale) {
  const View::Place above = known.folder->above;
  stale.push_back(
      {Stale::What::kEntry, NodeId::directory(above.view, known.lens->code(), above.key), known.folder->name});
}

void tell_assets(const TreeContext& context, const Known& known, const std::vector<FoundAsset>& assets,
                 std::vector<Stale>& stale) {
  const View::Place place = known.folder->place;
  const FolderNode folder(context, *context.view(place.view), *known.lens, place.key);
  for (const FoundAsset& asset : assets) {
    for (std::string& name : folder.names_in_doubt(asset.name, asset.row.id)) {
      stale.push_back({Stale::What::kEntry, known.id, std::move(name)});
    }
  }
}

// The names of tags and folders that are gone, which may stand behind a '+' or a `tag:`.
std::set<std::string> lost_groups(std::span<const ChangeRow> changes) {
  std::set<std::string> names;
  for (const ChangeRow& change : changes) {
    if (change.what == ChangeRow::What::kLostName && change.asset == 0) names.insert(change.name);
  }
  return names;
}

// Whether a folder or an album came, went or moved: the feed has no rows of the assets in it.
bool have_trees_changed(std::span<const ChangeRow> changes) {
  return std::any_of(changes.begin(), changes.end(), [](const ChangeRow& change) {
    const bool is_of_tree = change.grouping == Grouping::kFolder || change.grouping == Grouping::kAlbum;
    const bool is_name = change.what == ChangeRow::What::kLostName || change.what == ChangeRow::What::kNewGroup;
    return change.asset == 0 && is_of_tree && is_name;
  });
}

std::vector<FoundAsset> changed_assets(const TreeContext& context, std::span<const ChangeRow> changes) {
  std::set<int64_t> ids;
  for (const ChangeRow& change : changes) {
    if (change.asset != 0) ids.insert(change.asset);
  }
  std::vector<FoundAsset> assets;
  const auto reader = context.catalog.reader();
  // Where one is not found any more, a copy of it may be.
  for (const int64_t id : std::set<int64_t>(ids)) {
    size_t left = kMostCopiesTold;
    reader->copies(id, [&](int64_t copy) {
      ids.insert(copy);
      return --left > 0;
    });
  }
  for (const int64_t id : ids) {
    if (auto asset = reader->asset(id)) assets.push_back(std::move(*asset));
  }
  return assets;
}

}  // namespace

void SearchBranch::add_stale(const Changes& changes, const StaleNodes& nodes) const {
  std::vector<Known> holders;
  size_t cost = 0;
  const auto lost = lost_groups(changes.rows);
  const bool trees_changed = have_trees_changed(changes.rows);
  auto folders = filled(search_view(context_).folders_known().all());
  add_smart_albums(context_, folders);
  each_known(context_, folders, nodes.is_known, [&](const Known& known) {
    const bool is_another = trees_changed && known.folder->asks_trees;
    if (is_another || lost.contains(known.folder->name)) tell_name(known, nodes.stale);
    if (known.folder->joins) return;
    add_stale_listing(context_, known.id, nodes.stale);
    holders.push_back(known);
    cost += known.lens->code() == 0 ? 1 : kLensCost;
  });
  if (holders.empty()) return;
  const auto assets = changed_assets(context_, changes.rows);
  for (const Known& known : holders) {
    // Who forgets the folder's name forgets all names in it.
    if (cost * assets.size() > kMostTold) {
      tell_name(known, nodes.stale);
    } else {
      tell_assets(context_, known, assets, nodes.stale);
    }
  }
}

void SearchBranch::add_stale_unchanged(const StaleNodes& nodes) const {
  each_known(context_, filled(search_view(context_).folders_known().take_given_up()), nodes.is_known,
             [&](const Known& known) { tell_name(known, nodes.stale); });
}

}  // namespace damfs
