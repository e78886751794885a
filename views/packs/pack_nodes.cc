// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/packs/pack_nodes.h"

#include <algorithm>
#include <set>

#include "catalog/base/names.h"
#include "views/folder_node.h"
#include "views/packs/member_node.h"

namespace damfs {
namespace {

// What a folder of packs/ is of; in the lowest bits of its key.
enum class Shelf : uint8_t {
  kTop = 0,
  kPack = 1,      // asset
  kInside = 2,    // member
  kByMap = 3,     // role, or 0
  kMaterial = 4,  // material, or 0
};
constexpr int kShelfBits = 3;

NodeId folder_id(Shelf shelf, int64_t id) {
  return NodeId::directory(kPacksCode, 0, id << kShelfBits | static_cast<int64_t>(shelf));
}
const NodeId kTopId = folder_id(Shelf::kTop, 0);

constexpr size_t kPage = 512;  // rows that are read before any is given: a sink may be slow

// Calls `read` for pages of rows, which `next_of` tells the end of, and `give` for each.
template <typename Row, typename Read, typename Give>
void in_pages(int64_t after, const Read& read, const Give& give) {
  for (;;) {
    std::vector<Row> page;
    read(after, [&page](const Row& row) {
      page.push_back(row);
      return page.size() < kPage;
    });
    for (const Row& row : page) {
      if (!give(row, after)) return;
    }
    if (page.size() < kPage) return;
  }
}

class PacksNode : public Node {
 public:
  PacksNode(const TreeContext& context, NodeId id, NodeId parent) : Node(id), context_(context), parent_(parent) {}
  NodeId parent() const override { return parent_; }

 protected:
  // When anything of packs/ last changed.
  int64_t changed_ns() const {
    const auto row = context_.catalog.reader()->group(Grouping::kPacks, 0);
    return row && row->changed_ns != 0 ? row->changed_ns : context_.created_ns;
  }

  const TreeContext& context_;
  const NodeId parent_;
};

// One whose names come and go with archives: that is looked up each time.
class ChangingNode : public PacksNode {
 public:
  using PacksNode::PacksNode;
  bool absence_lasts() const override { return false; }
  bool presence_lasts() const override { return false; }
  std::optional<Attributes> attributes() const override { return directory_attributes(id(), changed_ns()); }
};

// What all folders of archives do, whether at the top of one or inside.
NodeRef find_in(const TreeContext& context, int64_t folder, NodeId folder_node, int64_t mtime_ns, EntryName name);
void list_in(const TreeContext& context, int64_t folder, int64_t mtime_ns, Cursor after, EntrySink& sink);

// A folder inside an archive. It is as it is for ever.
class InsideNode final : public PacksNode {
 public:
  InsideNode(const TreeContext& context, MemberRow folder, NodeId parent, int64_t mtime_ns)
      : PacksNode(context, folder_id(Shelf::kInside, folder.id), parent),
        folder_(std::move(folder)),
        mtime_ns_(mtime_ns) {}
  std::optional<Attributes> attributes() const override { return member_folder_attributes(id(), folder_, mtime_ns_); }
  NodeRef lookup(EntryName name) const override { return find_in(context_, folder_.id, id(), mtime_ns_, name); }
  void list(Cursor after, EntrySink& sink) const override { list_in(context_, folder_.id, mtime_ns_, after, sink); }
  std::optional<std::string> xattr(std::string_view name) const override {
    const bool is_note = name == "user.damfs.note" && !folder_.note.empty();
    return is_note ? std::optional(folder_.note) : std::nullopt;
  }
  std::vector<std::string> xattr_names() const override {
    return folder_.note.empty() ? std::vector<std::string>() : std::vector<std::string>{"user.damfs.note"};
  }

 private:
  const MemberRow folder_;
  const int64_t mtime_ns_;
};

NodeRef find_in(const TreeContext& context, int64_t folder, NodeId folder_node, int64_t mtime_ns, EntryName name) {
  const auto reader = context.catalog.reader();
  auto found = PackReader(*reader).find_member(folder, name.view());
  if (!found) return nullptr;
  if (found->is_folder()) return std::make_shared<InsideNode>(context, std::move(*found), folder_node, mtime_ns);
  return std::make_shared<MemberNode>(context, std::move(*found), mtime_ns);
}

void list_in(const TreeContext& context, int64_t folder, int64_t mtime_ns, Cursor after, EntrySink& sink) {
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  // A cursor is the number of the member behind it, which is never the highest one.
  const int64_t blob = blob_of_member(folder);
  in_pages<MemberRow>(
      member_id(blob, static_cast<int64_t>(after)) - 1,
      [&](int64_t from, const auto& each) { packs.members(folder, from, each); },
      [&](const MemberRow& row, int64_t& at) {
        at = row.id;
        const auto attributes = row.is_folder()
                                    ? member_folder_attributes(folder_id(Shelf::kInside, row.id), row, mtime_ns)
                                    : member_attributes(row, mtime_ns);
        return sink.add(row.name, attributes, static_cast<Cursor>(number_of_member(row.id) + 1));
      });
}

Attributes pack_attributes(const PackRow& pack) {
  Attributes attributes = directory_attributes(folder_id(Shelf::kPack, pack.asset), pack.mtime_ns);
  attributes.ctime_ns = pack.changed_ns;
  return attributes;
}

// What is at the top of an archive.
class PackFolder final : public ChangingNode {
 public:
  PackFolder(const TreeContext& context, PackRow pack)
      : ChangingNode(context, folder_id(Shelf::kPack, pack.asset), kTopId), pack_(std::move(pack)) {}
  std::optional<Attributes> attributes() const override { return pack_attributes(pack_); }
  NodeRef lookup(EntryName name) const override {
    const auto now = current();
    return now ? find_in(context_, member_id(now->blob, kPackTop), id(), now->mtime_ns, name) : nullptr;
  }
  void list(Cursor after, EntrySink& sink) const override {
    if (const auto now = current()) list_in(context_, member_id(now->blob, kPackTop), now->mtime_ns, after, sink);
  }
  std::optional<std::string> xattr(std::string_view name) const override {
    if (name == "user.damfs.pack" || name == "user.damfs.label") return pack_.label;
    if (name == "user.damfs.asset") return std::to_string(pack_.asset);
    if (name == "user.damfs.sha256") return pack_.sha256.hex();
    return std::nullopt;
  }
  std::vector<std::string> xattr_names() const override {
    return {"user.damfs.pack", "user.damfs.label", "user.damfs.asset", "user.damfs.sha256"};
  }

 private:
  std::optional<PackRow> current() const {
    const auto reader = context_.catalog.reader();
    return PackReader(*reader).pack(pack_.asset);
  }

  const PackRow pack_;
};

std::string map_name(std::string_view stem, const MemberRow& member) {
  return portable_name(std::string(stem) + std::string(split_extension(member.name).extension));
}

// packs/by-map/<role>/
class RoleNode final : public ChangingNode {
 public:
  RoleNode(const TreeContext& context, MapRole role)
      : ChangingNode(context, folder_id(Shelf::kByMap, static_cast<int64_t>(role)), folder_id(Shelf::kByMap, 0)),
        role_(role) {}

  NodeRef lookup(EntryName name) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    // A pack's name may have dots of its own, and a map no extension.
    for (const std::string_view stem : {split_extension(name.view()).stem, name.view()}) {
      const auto pack = packs.find_pack(stem);
      auto map = pack ? packs.map_of_pack(role_, *pack) : std::nullopt;
      if (map && nfc(map_name(pack->name, *map)) == nfc(name.view())) {
        return std::make_shared<MemberNode>(context_, std::move(*map), pack->mtime_ns);
      }
    }
    return nullptr;
  }

  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    in_pages<MapRow>(
        static_cast<int64_t>(after), [&](int64_t from, const auto& each) { packs.maps(role_, from, each); },
        [&](const MapRow& row, int64_t& at) {
          at = row.member.id;
          return sink.add(map_name(row.pack, row.member), member_attributes(row.member, row.pack_mtime_ns),
                          static_cast<Cursor>(row.member.id));
        });
  }

 private:
  const MapRole role_;
};

// packs/by-map/
class ByMapNode final : public PacksNode {
 public:
  explicit ByMapNode(const TreeContext& context) : PacksNode(context, folder_id(Shelf::kByMap, 0), kTopId) {}
  std::optional<Attributes> attributes() const override { return directory_attributes(id(), context_.created_ns); }
  NodeRef lookup(EntryName name) const override {
    const auto role = map_role_from_string(name.view());
    return role ? std::make_shared<RoleNode>(context_, *role) : nullptr;
  }
  void list(Cursor after, EntrySink& sink) const override {
    for (const MapRoleName& each : map_roles()) {
      if (static_cast<Cursor>(each.role) <= after) continue;
      const auto attributes = RoleNode(context_, each.role).attributes();
      if (!sink.add(each.name, *attributes, static_cast<Cursor>(each.role))) return;
    }
  }
};

// packs/by-material/<material>/
class MaterialNode final : public ChangingNode {
 public:
  MaterialNode(const TreeContext& context, MaterialRow material)
      : ChangingNode(context, folder_id(Shelf::kMaterial, material.id), folder_id(Shelf::kMaterial, 0)),
        material_(std::move(material)) {}
  std::optional<Attributes> attributes() const override { return directory_attributes(id(), material_.changed_ns); }

  NodeRef lookup(EntryName name) const override {
    const auto role = map_role_from_string(split_extension(name.view()).stem);
    if (!role) return nullptr;
    for (MemberRow& map : maps()) {
      if (map.role == role && map_name(to_string(*role), map) == name.view()) {
        return std::make_shared<MemberNode>(context_, std::move(map), mtime_ns(map.id));
      }
    }
    return nullptr;
  }
  void list(Cursor after, EntrySink& sink) const override {
    for (const MemberRow& map : maps()) {
      const auto role = static_cast<Cursor>(*map.role);
      if (role <= after) continue;
      if (!sink.add(map_name(to_string(*map.role), map), member_attributes(map, mtime_ns(map.id)), role)) return;
    }
  }

 private:
  std::vector<MemberRow> maps() const {
    const auto reader = context_.catalog.reader();
    return PackReader(*reader).maps_of_material(material_.id);
  }
  int64_t mtime_ns(int64_t member) const {
    const auto reader = context_.catalog.reader();
    const auto pack = PackReader(*reader).pack_of_blob(blob_of_member(member));
    return pack ? pack->mtime_ns : 0;
  }

  const MaterialRow material_;
};

// packs/by-material/
class ByMaterialNode final : public ChangingNode {
 public:
  explicit ByMaterialNode(const TreeContext& context) : ChangingNode(context, folder_id(Shelf::kMaterial, 0), kTopId) {}
  NodeRef lookup(EntryName name) const override {
    const auto reader = context_.catalog.reader();
    auto material = PackReader(*reader).find_material(name.view());
    return material ? std::make_shared<MaterialNode>(context_, std::move(*material)) : nullptr;
  }
  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    in_pages<MaterialRow>(
        static_cast<int64_t>(after), [&](int64_t from, const auto& each) { packs.materials(from, each); },
        [&](const MaterialRow& row, int64_t& at) {
          at = row.id;
          return sink.add(row.name, directory_attributes(folder_id(Shelf::kMaterial, row.id), row.changed_ns),
                          static_cast<Cursor>(row.id));
        });
  }
};

// packs/
class TopNode final : public ChangingNode {
 public:
  explicit TopNode(const TreeContext& context) : ChangingNode(context, kTopId, NodeId::root()) {}

  NodeRef lookup(EntryName name) const override {
    if (name.view() == kByMapName) return std::make_shared<ByMapNode>(context_);
    if (name.view() == kByMaterialName) return std::make_shared<ByMaterialNode>(context_);
    const auto reader = context_.catalog.reader();
    auto pack = PackReader(*reader).find_pack(name.view());
    return pack ? std::make_shared<PackFolder>(context_, std::move(*pack)) : nullptr;
  }

  // Cursors: 1 and 2 behind the two that are always there, then an asset's id and 2.
  void list(Cursor after, EntrySink& sink) const override {
    if (after < 1 && !sink.add(kByMapName, *ByMapNode(context_).attributes(), 1)) return;
    if (after < kFixed && !sink.add(kByMaterialName, *ByMaterialNode(context_).attributes(), kFixed)) return;
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    in_pages<PackRow>(
        static_cast<int64_t>(std::max(after, kFixed) - kFixed),
        [&](int64_t from, const auto& each) { packs.packs(from, each); },
        [&](const PackRow& row, int64_t& at) {
          at = row.asset;
          return sink.add(row.name, pack_attributes(row), static_cast<Cursor>(row.asset) + kFixed);
        });
  }

 private:
  static constexpr std::string_view kByMapName = "by-map";
  static constexpr std::string_view kByMaterialName = "by-material";
  static constexpr Cursor kFixed = 2;
};

// The folder above one inside an archive.
NodeId above(PackReader& packs, const MemberRow& folder) {
  if (number_of_member(folder.parent) != kPackTop) return folder_id(Shelf::kInside, folder.parent);
  const auto pack = packs.pack_of_blob(blob_of_member(folder.id));
  return pack ? folder_id(Shelf::kPack, pack->asset) : kTopId;
}

NodeRef inside(const TreeContext& context, int64_t id) {
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  auto folder = packs.member(id);
  if (!folder || !folder->is_folder()) return nullptr;
  const auto pack = packs.pack_of_blob(blob_of_member(id));
  if (!pack) return nullptr;
  const NodeId parent = above(packs, *folder);
  return std::make_shared<InsideNode>(context, std::move(*folder), parent, pack->mtime_ns);
}

}  // namespace

NodeRef make_packs_folder(const TreeContext& context) { return std::make_shared<TopNode>(context); }

NodeRef packs_folder(const TreeContext& context, NodeId id) {
  const int64_t of = id.key() >> kShelfBits;
  const auto shelf = static_cast<Shelf>(id.key() & ((1 << kShelfBits) - 1));
  if (folder_id(shelf, of) != id) return nullptr;
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  switch (shelf) {
    case Shelf::kTop: return of == 0 ? make_packs_folder(context) : nullptr;
    case Shelf::kPack: {
      auto pack = packs.pack(of);
      return pack ? std::make_shared<PackFolder>(context, std::move(*pack)) : nullptr;
    }
    case Shelf::kInside: return inside(context, of);
    case Shelf::kByMap: {
      if (of == 0) return std::make_shared<ByMapNode>(context);
      const auto role = static_cast<MapRole>(of);
      return of <= 255 && !to_string(role).empty() ? std::make_shared<RoleNode>(context, role) : nullptr;
    }
    case Shelf::kMaterial: {
      if (of == 0) return std::make_shared<ByMaterialNode>(context);
      auto material = packs.material(of);
      return material ? std::make_shared<MaterialNode>(context, std::move(*material)) : nullptr;
    }
  }
  return nullptr;
}

NodeRef packs_file(const TreeContext& context, NodeId id) {
  if (id != MemberNode::node_id(id.file_id())) return nullptr;
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  auto member = packs.member(id.file_id());
  const auto pack = member ? packs.pack_of_blob(blob_of_member(member->id)) : std::nullopt;
  if (!pack || member->is_folder()) return nullptr;
  return std::make_shared<MemberNode>(context, std::move(*member), pack->mtime_ns);
}

void tell_packs(const std::function<bool(NodeId)>& is_known, const std::vector<ChangeRow>& changes,
                std::vector<Stale>& stale) {
  std::set<int64_t> assets;
  bool has_changed = false;
  for (const ChangeRow& change : changes) {
    has_changed |= change.what == ChangeRow::What::kGroup && change.grouping == Grouping::kPacks;
    if (change.what == ChangeRow::What::kAsset) assets.insert(change.asset);
  }
  if (!has_changed) return;
  const auto tell = [&](NodeId id) {
    if (is_known(id)) stale.push_back({Stale::What::kListing, id, {}});
  };
  tell(kTopId);
  tell(folder_id(Shelf::kMaterial, 0));
  for (const MapRoleName& each : map_roles()) tell(folder_id(Shelf::kByMap, static_cast<int64_t>(each.role)));
  for (const int64_t asset : assets) tell(folder_id(Shelf::kPack, asset));
}

}  // namespace damfs
