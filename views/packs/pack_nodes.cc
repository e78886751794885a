// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/packs/pack_nodes.h"

#include <algorithm>
#include <set>

#include "views/frame/lens.h"
#include "views/frame/reach.h"
#include "views/packs/packs_node.h"
#include "views/previews/collage_node.h"

namespace damfs {
namespace {

NodeId above_packs(const MemberLens& lens) {
  return lens.profile() == nullptr ? NodeId::root() : NodeId::directory(0, lens.code(), kPreviewsKey);
}

// packs/
class TopNode final : public ChangingPacksNode {
 public:
  TopNode(const TreeContext& context, MemberLens lens)
      : ChangingPacksNode(context, lens, PacksPlace{}, above_packs(lens)) {}

  // Cursors: 1 and 2 behind the two that are always there, then an asset's id and 2.
  void list(Cursor after, EntrySink& sink) const override {
    if (after < 1 && !sink.add(kByMapName, *make_by_map_folder(context_, lens_)->attributes(), 1)) return;
    if (after < kFixed && !sink.add(kByMaterialName, *make_by_material_folder(context_, lens_)->attributes(), kFixed)) {
      return;
    }
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    in_pages<PackRow>(
        static_cast<int64_t>(std::max(after, kFixed) - kFixed),
        [&](int64_t from, const auto& each) { packs.packs(from, each); },
        [&](const PackRow& row, int64_t& at) {
          at = row.asset;
          return sink.add(row.name, pack_attributes(lens_, row), static_cast<Cursor>(row.asset) + kFixed);
        });
  }

 protected:
  NodeRef find(EntryName name) const override {
    if (name.view() == kByMapName) return make_by_map_folder(context_, lens_);
    if (name.view() == kByMaterialName) return make_by_material_folder(context_, lens_);
    const auto reader = context_.catalog.reader();
    auto pack = PackReader(*reader).find_pack(name.view());
    return pack ? make_pack_folder(context_, lens_, std::move(*pack)) : nullptr;
  }

 private:
  static constexpr std::string_view kByMapName = "by-map";
  static constexpr std::string_view kByMaterialName = "by-material";
  static constexpr Cursor kFixed = 2;
};

bool shows_balls(const StillProfile* profile) { return profile != nullptr && profile->shows == Composition::kMaterial; }

// The names in an archive may have been read anew, in another encoding. Forgetting the name of its folder makes the
// kernel forget all names below.
void tell_inside(const TreeContext& context, const MemberLens& lens, int64_t asset, const StaleNodes& nodes) {
  if (!nodes.is_known(packs_folder_id(lens, {Shelf::kPack, asset}))) return;
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  const auto pack = packs.pack(asset);
  if (!pack) return;
  nodes.stale.push_back({Stale::What::kEntry, packs_folder_id(lens, {}), pack->name});
  packs.folders(pack->blob, [&](int64_t folder) {
    const NodeId id = packs_folder_id(lens, {Shelf::kInside, folder});
    if (nodes.is_known(id)) nodes.stale.push_back({Stale::What::kListing, id, {}});
  });
}

NodeRef make_packs_folder(const TreeContext& context, const StillProfile* profile) {
  const MemberLens lens(profile);
  return shows_balls(profile) ? make_balls_folder(context, lens) : std::make_shared<TopNode>(context, lens);
}

}  // namespace

NodeRef packs_folder(const TreeContext& context, NodeId id) {
  const StillProfile* profile = id.lens() == 0 ? nullptr : context.stills.profiles().find(id.lens());
  const MemberLens lens(profile);
  const auto [shelf, of] = packs_place(id.key());
  if (packs_folder_id(lens, {shelf, of}) != id) return nullptr;
  if (shelf == Shelf::kTop) return of == 0 ? make_packs_folder(context, profile) : nullptr;
  if (shows_balls(profile)) return nullptr;
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  switch (shelf) {
    case Shelf::kPack: {
      auto pack = packs.pack(of);
      return pack ? make_pack_folder(context, lens, std::move(*pack)) : nullptr;
    }
    case Shelf::kInside: return make_inside_folder(context, lens, of);
    case Shelf::kByMap: {
      if (of == 0) return make_by_map_folder(context, lens);
      const auto role = static_cast<MapRole>(of);
      return of <= 255 && !to_string(role).empty() ? make_role_folder(context, lens, role) : nullptr;
    }
    case Shelf::kMaterial: {
      if (of == 0) return make_by_material_folder(context, lens);
      auto material = packs.material(of);
      return material ? make_material_folder(context, lens, std::move(*material)) : nullptr;
    }
    default: return nullptr;
  }
}

bool PacksBranch::owns(NodeId id) const {
  if (id.is_directory()) return id.view() == ViewCode::kPacks;
  return id.file_kind() == NodeId::FileKind::kMember ||
         (id.file_kind() == NodeId::FileKind::kCollage && CollageNode::view_of(id) == ViewCode::kPacks);
}

NodeRef PacksBranch::node(NodeId id) const {
  if (id.is_directory()) return packs_folder(context_, id);
  return id.file_kind() == NodeId::FileKind::kMember ? member(id) : packs_collage(context_, id);
}

std::vector<Branch::Entry> PacksBranch::entries(const Lens& through) const {
  const StillProfile* profile = through.still_profile();
  if (through.code() != 0 && profile == nullptr) return {};
  return {{std::string(kPacksName), [&context = context_, profile] { return make_packs_folder(context, profile); }}};
}

bool PacksBranch::shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const {
  const NodeId id = node.id();
  if (id.is_directory()) return shows_folder(reach, id, asker);
  if (id.file_kind() == NodeId::FileKind::kMember) return shows_member(reach, id, asker, wanted);
  return CollageNode::is_shown(node, reach, asker, wanted);
}

bool PacksBranch::shows_folder(const Reach& reach, NodeId id, const Asker& asker) const {
  const PacksPlace place = packs_place(id.key());
  if (place.shelf == Shelf::kInside) return reach.shows_blob(blob_of_member(place.of), asker, Wanted::kBytes);
  return place.shelf != Shelf::kPack || reach.shows_asset(place.of, asker, Wanted::kBytes);
}

bool PacksBranch::shows_member(const Reach& reach, NodeId id, const Asker& asker, Wanted wanted) const {
  const StillProfile* profile = id.profile() == 0 ? nullptr : context_.stills.profiles().find(id.profile());
  const auto what = shows_balls(profile) ? StillSubject::What::kMaterial : StillSubject::What::kMember;
  return reach.shows_subject({what, id.file_id()}, asker, wanted);
}

NodeRef PacksBranch::member(NodeId id) const {
  const StillProfile* profile = id.profile() == 0 ? nullptr : context_.stills.profiles().find(id.profile());
  if (id != NodeId::file(NodeId::FileKind::kMember, profile == nullptr ? 0 : profile->code, id.file_id())) {
    return nullptr;
  }
  if (shows_balls(profile)) return find_ball(context_, *profile, id.file_id());
  const auto reader = context_.catalog.reader();
  PackReader packs(*reader);
  auto member = packs.member(id.file_id());
  const auto pack = member ? packs.pack_of_blob(blob_of_member(member->id)) : std::nullopt;
  if (!pack || member->is_folder()) return nullptr;
  if (profile != nullptr && (!member->still || !member->problem.empty())) return nullptr;
  return MemberLens(profile).node(context_, std::move(*member), pack->facts());
}

void PacksBranch::add_stale(const Changes& changes, const StaleNodes& nodes) const {
  std::set<int64_t> assets;
  std::set<int64_t> replaced;  // have other bytes, facts or rights than before
  bool has_changed = changes.is_part;
  for (const ChangeRow& change : changes.rows) {
    if (change.what == ChangeRow::What::kGroup && change.grouping == Grouping::kPacks) {
      has_changed = true;
      if (change.key != 0) replaced.insert(change.key);  // who may read it
    }
    if (change.what != ChangeRow::What::kAsset) continue;
    assets.insert(change.asset);
    if (change.version != 0) replaced.insert(change.asset);
  }
  if (!has_changed) return;
  const auto tell_through = [&](const MemberLens& lens) {
    const auto tell = [&](PacksPlace place) {
      const NodeId id = packs_folder_id(lens, place);
      if (nodes.is_known(id)) nodes.stale.push_back({Stale::What::kListing, id, {}});
    };
    tell({});
    tell({Shelf::kMaterial, 0});
    for (const MapRoleName& each : map_roles()) tell({Shelf::kByMap, static_cast<int64_t>(each.role)});
    for (const int64_t asset : assets) tell({Shelf::kPack, asset});
    for (const int64_t asset : replaced) tell_inside(context_, lens, asset, nodes);
  };
  tell_through(MemberLens());
  for (const StillProfile& profile : context_.stills.profiles()) tell_through(MemberLens(&profile));
}

}  // namespace damfs
