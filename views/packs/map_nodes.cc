// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Textures of all archives, gathered: packs/by-map/, packs/by-material/, and the balls of previews/material/packs/.

#include <algorithm>

#include "catalog/base/names.h"
#include "views/packs/packs_node.h"

namespace damfs {
namespace {

std::string map_name(std::string_view stem, const MemberRow& member) {
  return portable_name(std::string(stem) + std::string(split_extension(member.name).extension));
}

// The maps of one role, each under its pack's name.
class MapsOfRole final : public MemberLens::Folder {
 public:
  MapsOfRole(PackReader& packs, MapRole role) : packs_(packs), role_(role) {}

  // A pack's name may have dots of its own, and a map no extension.
  std::optional<MemberRow> named(std::string_view name) override {
    for (const std::string_view stem : {split_extension(name).stem, name}) {
      const auto pack = packs_.find_pack(stem);
      auto map = pack ? packs_.map_of_pack(role_, *pack) : std::nullopt;
      if (map && nfc(map_name(pack->name, *map)) == nfc(name)) return map;
    }
    return std::nullopt;
  }
  std::string name_of(const MemberRow& member) override {
    const auto pack = packs_.pack_of_blob(blob_of_member(member.id));
    return pack && member.by_map && member.role == role_ ? map_name(pack->name, member) : "";
  }
  std::optional<MemberRow> with_id(int64_t id) override { return packs_.member(id); }

 private:
  PackReader& packs_;
  const MapRole role_;
};

// packs/by-map/<role>/
class RoleNode final : public ChangingPacksNode {
 public:
  RoleNode(const TreeContext& context, MemberLens lens, MapRole role)
      : ChangingPacksNode(context, lens, {Shelf::kByMap, static_cast<int64_t>(role)}, PacksPlace{Shelf::kByMap, 0}),
        role_(role) {}

  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    MapsOfRole maps(packs, role_);
    in_pages<MapRow>(
        static_cast<int64_t>(after), [&](int64_t from, const auto& each) { packs.maps(role_, from, each); },
        [&](const MapRow& row, int64_t& at) {
          at = row.member.id;
          const std::string name = lens_.shown_name(map_name(row.pack, row.member), row.member, maps);
          return name.empty() ||
                 sink.add(name, lens_.attributes(row.member, row.pack_facts), static_cast<Cursor>(row.member.id));
        });
  }

 protected:
  NodeRef find(EntryName name) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    MapsOfRole maps(packs, role_);
    auto map = lens_.source_of(name.view(), maps);
    const auto pack = map ? packs.pack_of_blob(blob_of_member(map->id)) : std::nullopt;
    return pack ? lens_.node(context_, std::move(*map), pack->facts()) : nullptr;
  }

 private:
  const MapRole role_;
};

// packs/by-map/
class ByMapNode final : public PacksNode {
 public:
  ByMapNode(const TreeContext& context, MemberLens lens) : PacksNode(context, lens, {Shelf::kByMap, 0}, PacksPlace{}) {}
  std::optional<Attributes> attributes() const override { return directory_attributes(id(), context_.created_ns); }
  void list(Cursor after, EntrySink& sink) const override {
    for (const MapRoleName& each : map_roles()) {
      if (static_cast<Cursor>(each.role) <= after) continue;
      const auto attributes = RoleNode(context_, lens_, each.role).attributes();
      if (!sink.add(each.name, *attributes, static_cast<Cursor>(each.role))) return;
    }
  }

 protected:
  NodeRef find(EntryName name) const override {
    const auto role = map_role_from_string(name.view());
    return role ? make_role_folder(context_, lens_, *role) : nullptr;
  }
};

// The maps of one material, each under its role's name.
class MapsOfMaterial final : public MemberLens::Folder {
 public:
  MapsOfMaterial(PackReader& packs, int64_t material) : material_(material), maps_(packs.maps_of_material(material)) {
    const auto pack = maps_.empty() ? std::nullopt : packs.pack_of_blob(blob_of_member(maps_.front().id));
    if (pack) facts_ = pack->facts();
  }

  const std::vector<MemberRow>& all() const { return maps_; }
  const PackFacts& pack() const { return facts_; }  // that they are in

  std::optional<MemberRow> named(std::string_view name) override {
    return first([&](const MemberRow& map) { return name_of(map) == name; });
  }
  std::string name_of(const MemberRow& member) override {
    return member.role && member.material == material_ ? map_name(to_string(*member.role), member) : "";
  }
  std::optional<MemberRow> with_id(int64_t id) override {
    return first([&](const MemberRow& map) { return map.id == id; });
  }

 private:
  template <typename Is>
  std::optional<MemberRow> first(const Is& is) const {
    const auto found = std::find_if(maps_.begin(), maps_.end(), is);
    return found == maps_.end() ? std::nullopt : std::optional(*found);
  }

  const int64_t material_;
  const std::vector<MemberRow> maps_;
  PackFacts facts_;
};

// packs/by-material/<material>/
class MaterialNode final : public ChangingPacksNode {
 public:
  MaterialNode(const TreeContext& context, MemberLens lens, MaterialRow material)
      : ChangingPacksNode(context, lens, {Shelf::kMaterial, material.id}, PacksPlace{Shelf::kMaterial, 0}),
        material_(std::move(material)) {}
  std::optional<Attributes> attributes() const override { return directory_attributes(id(), material_.changed_ns); }

  void list(Cursor after, EntrySink& sink) const override {
    MapsOfMaterial maps = this->maps();
    for (const MemberRow& map : maps.all()) {
      const auto role = static_cast<Cursor>(*map.role);
      if (role <= after) continue;
      const std::string name = lens_.shown_name(maps.name_of(map), map, maps);
      if (!name.empty() && !sink.add(name, lens_.attributes(map, maps.pack()), role)) return;
    }
  }

 protected:
  NodeRef find(EntryName name) const override {
    MapsOfMaterial maps = this->maps();
    auto map = lens_.source_of(name.view(), maps);
    return map ? lens_.node(context_, std::move(*map), maps.pack()) : nullptr;
  }

 private:
  MapsOfMaterial maps() const {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    return {packs, material_.id};
  }

  const MaterialRow material_;
};

// packs/by-material/
class ByMaterialNode final : public ChangingPacksNode {
 public:
  ByMaterialNode(const TreeContext& context, MemberLens lens)
      : ChangingPacksNode(context, lens, {Shelf::kMaterial, 0}, PacksPlace{}) {}
  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    in_pages<MaterialRow>(
        static_cast<int64_t>(after), [&](int64_t from, const auto& each) { packs.materials(from, each); },
        [&](const MaterialRow& row, int64_t& at) {
          at = row.id;
          return sink.add(row.name, directory_attributes(id_of({Shelf::kMaterial, row.id}), row.changed_ns),
                          static_cast<Cursor>(row.id));
        });
  }

 protected:
  NodeRef find(EntryName name) const override {
    const auto reader = context_.catalog.reader();
    auto material = PackReader(*reader).find_material(name.view());
    return material ? make_material_folder(context_, lens_, std::move(*material)) : nullptr;
  }
};

// The ball of a material, if one can be shown.
std::optional<MemberStillNode::Facts> ball_of(const MaterialRow& material, const MapsOfMaterial& maps) {
  if (std::none_of(maps.all().begin(), maps.all().end(), is_on_ball)) return std::nullopt;
  return MemberStillNode::Facts{{StillSubject::What::kMaterial, material.id},
                                maps.all().front().still,
                                1,
                                maps.pack().mtime_ns,
                                maps.pack().ownership,
                                material.name};
}

// previews/material/packs/: a ball of each material, whichever pack it is in.
class BallsNode final : public ChangingPacksNode {
 public:
  BallsNode(const TreeContext& context, MemberLens lens)
      : ChangingPacksNode(context, lens, PacksPlace{}, NodeId::directory(0, lens.code(), kPreviewsKey)) {}
  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    in_pages<MaterialRow>(
        static_cast<int64_t>(after), [&](int64_t from, const auto& each) { packs.materials(from, each); },
        [&](const MaterialRow& row, int64_t& at) {
          at = row.id;
          const auto ball = ball_of(row, MapsOfMaterial(packs, row.id));
          return !ball || sink.add(name_of(row), MemberStillNode::attributes(*lens_.profile(), *ball),
                                   static_cast<Cursor>(row.id));
        });
  }

 protected:
  NodeRef find(EntryName name) const override {
    const std::string_view extension = lens_.profile()->extension();
    if (!name.view().ends_with(extension)) return nullptr;
    const auto reader = context_.catalog.reader();
    const auto material =
        PackReader(*reader).find_material(name.view().substr(0, name.view().size() - extension.size()));
    const bool is_shown_so = material && nfc(name_of(*material)) == nfc(name.view());
    return is_shown_so ? find_ball(context_, *lens_.profile(), material->id) : nullptr;
  }

 private:
  std::string name_of(const MaterialRow& material) const {
    return material.name + std::string(lens_.profile()->extension());
  }
};

}  // namespace

NodeRef make_by_map_folder(const TreeContext& context, MemberLens lens) {
  return std::make_shared<ByMapNode>(context, lens);
}
NodeRef make_role_folder(const TreeContext& context, MemberLens lens, MapRole role) {
  return std::make_shared<RoleNode>(context, lens, role);
}
NodeRef make_by_material_folder(const TreeContext& context, MemberLens lens) {
  return std::make_shared<ByMaterialNode>(context, lens);
}
NodeRef make_material_folder(const TreeContext& context, MemberLens lens, MaterialRow material) {
  return std::make_shared<MaterialNode>(context, lens, std::move(material));
}
NodeRef make_balls_folder(const TreeContext& context, MemberLens lens) {
  return std::make_shared<BallsNode>(context, lens);
}

NodeRef find_ball(const TreeContext& context, const StillProfile& profile, int64_t material) {
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  const auto row = packs.material(material);
  auto ball = row ? ball_of(*row, MapsOfMaterial(packs, material)) : std::nullopt;
  return ball ? std::make_shared<MemberStillNode>(context, profile, std::move(*ball)) : nullptr;
}

}  // namespace damfs
