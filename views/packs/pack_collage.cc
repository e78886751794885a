// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The picture that stands for a folder of previews/<profile>/packs/: the first pictures in it, or in its sub-folders.

#include <algorithm>

#include "views/packs/packs_node.h"
#include "views/previews/collage_node.h"

namespace damfs {
namespace {

// A folder of a hundred thousand text files is not searched to its end for a picture.
constexpr int kMaxMembersLooked = 2000;
constexpr size_t kMaxPackFolders = 64;

class PackSearch {
 public:
  explicit PackSearch(PackReader& packs) : packs_(packs) {}

  void look_below(int64_t folder) {
    std::vector<int64_t> folders;
    look_in(folder, folders);
    if (!found_.empty()) return;
    std::vector<int64_t> deeper;
    for (size_t i = 0; i < folders.size() && is_hungry(); ++i) look_in(folders[i], deeper);
  }
  void look_at_pack(const PackRow& pack) {
    look_below(member_id(pack.blob, kPackTop));
    const auto primary = found_.empty() && pack.primary ? packs_.member(*pack.primary) : std::nullopt;
    if (primary) take(*primary);
    count(pack.ownership);
  }
  void look_at_maps(MapRole role) {
    packs_.maps(role, 0, [this](const MapRow& row) {
      count(row.pack_facts.ownership);
      return take(row.member);
    });
  }
  void look_at_material(int64_t material) {
    for (const MemberRow& map : packs_.maps_of_material(material)) {
      if (found_.empty()) count_pack_of(blob_of_member(map.id));
      if (!take(map)) return;
    }
  }
  void look_at_packs() {
    std::vector<int64_t> primaries;
    packs_.packs(0, [&](const PackRow& pack) {
      if (pack.primary) {
        primaries.push_back(*pack.primary);
        count(pack.ownership);
      }
      return primaries.size() < kMaxCollage && ++looked_ < kMaxMembersLooked;
    });
    for (const int64_t id : primaries) {
      if (const auto member = packs_.member(id)) take(*member);
    }
  }

  // What is shown is in an archive of that owner's.
  void count(const Ownership& ownership) { readers_ = CollageNode::readers_of(ownership, readers_); }
  void count_pack_of(int64_t blob) {
    const auto pack = packs_.pack_of_blob(blob);
    if (pack) count(pack->ownership);
  }

  std::vector<Stills::Shown> found() { return std::move(found_); }
  CollageNode::Readers readers() const { return readers_; }

 private:
  bool is_hungry() const { return found_.size() < kMaxCollage && looked_ < kMaxMembersLooked; }

  bool take(const MemberRow& member) {
    ++looked_;
    if (member.still && member.problem.empty()) {
      found_.push_back({{StillSubject::What::kMember, member.id}, member.still});
    }
    return is_hungry();
  }

  void look_in(int64_t folder, std::vector<int64_t>& folders) {
    const int64_t first = member_id(blob_of_member(folder), 0) - 1;
    packs_.members(folder, first, [&](const MemberRow& member) {
      if (!member.is_folder()) return take(member);
      if (folders.size() < kMaxPackFolders) folders.push_back(member.id);
      return true;
    });
  }

  PackReader& packs_;
  std::vector<Stills::Shown> found_;
  CollageNode::Readers readers_ = CollageNode::Readers::kAll;
  int looked_ = 0;
};

NodeId collage_id(const StillProfile& profile, PacksPlace place) {
  return CollageNode::node_id(ViewCode::kPacks, profile.code, packs_folder_id(MemberLens(&profile), place).key());
}

}  // namespace

NodeRef packs_collage(const TreeContext& context, const StillProfile& profile, PacksPlace place) {
  if (profile.shows == Composition::kMaterial) return nullptr;
  const NodeRef folder = packs_folder(context, packs_folder_id(MemberLens(&profile), place));
  if (!folder) return nullptr;
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  PackSearch search(packs);
  if (place.shelf == Shelf::kTop) search.look_at_packs();
  if (place.shelf == Shelf::kInside) {
    search.look_below(place.of);
    search.count_pack_of(blob_of_member(place.of));
  }
  if (place.shelf == Shelf::kByMap)
    search.look_at_maps(place.of == 0 ? MapRole::kAlbedo : static_cast<MapRole>(place.of));
  if (place.shelf == Shelf::kMaterial && place.of != 0) search.look_at_material(place.of);
  if (place.shelf == Shelf::kMaterial && place.of == 0) search.look_at_maps(MapRole::kAlbedo);
  if (place.shelf == Shelf::kPack) {
    if (const auto pack = packs.pack(place.of)) search.look_at_pack(*pack);
  }
  auto shown = search.found();
  if (shown.empty()) return nullptr;
  return std::make_shared<CollageNode>(context, profile, collage_id(profile, place), folder->attributes()->mtime_ns,
                                       std::move(shown), search.readers());
}

NodeRef packs_collage(const TreeContext& context, NodeId id) {
  const StillProfile* profile = context.stills.profiles().find(id.profile());
  if (profile == nullptr) return nullptr;
  const PacksPlace place = packs_place(CollageNode::key_of(id));
  return collage_id(*profile, place) == id ? packs_collage(context, *profile, place) : nullptr;
}

}  // namespace damfs
