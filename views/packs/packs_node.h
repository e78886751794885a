// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catalog/model/packs.h"
#include "views/frame/node.h"
#include "views/frame/tree_context.h"
#include "views/packs/member_lens.h"
#include "views/packs/pack_nodes.h"

// What the folders of packs/ have in common.
namespace damfs {

// What a folder of packs/ is of; in the lowest bits of its key.
enum class Shelf : uint8_t {
  kTop = 0,
  kPack = 1,      // asset
  kInside = 2,    // member
  kByMap = 3,     // role, or 0
  kMaterial = 4,  // material, or 0
};
inline constexpr int kShelfBits = 3;

struct PacksPlace {
  Shelf shelf = Shelf::kTop;
  int64_t of = 0;
};

inline NodeId packs_folder_id(const MemberLens& lens, PacksPlace place) {
  return NodeId::directory(ViewCode::kPacks, lens.code(), place.of << kShelfBits | static_cast<int64_t>(place.shelf));
}
constexpr PacksPlace packs_place(int64_t key) {
  return {static_cast<Shelf>(key & ((1 << kShelfBits) - 1)), key >> kShelfBits};
}

inline constexpr size_t kPacksPage = 512;  // rows that are read before any is given: a sink may be slow

// Calls `read` for pages of rows, which `give` tells the end of, and `give` for each.
template <typename Row, typename Read, typename Give>
void in_pages(int64_t after, const Read& read, const Give& give) {
  for (;;) {
    std::vector<Row> page;
    read(after, [&page](const Row& row) {
      page.push_back(row);
      return page.size() < kPacksPage;
    });
    for (const Row& row : page) {
      if (!give(row, after)) return;
    }
    if (page.size() < kPacksPage) return;
  }
}

class PacksNode : public Node {
 public:
  PacksNode(const TreeContext& context, MemberLens lens, PacksPlace place, PacksPlace parent);
  PacksNode(const TreeContext& context, MemberLens lens, PacksPlace place, NodeId parent);
  NodeId parent() const override { return parent_; }
  NodeRef lookup(EntryName name) const final;
  // Of a preview: removes it from the cache.
  void unlink(const Actor& actor, EntryName name) const override;

 protected:
  virtual NodeRef find(EntryName name) const = 0;
  NodeId id_of(PacksPlace place) const { return packs_folder_id(lens_, place); }
  // When anything of packs/ last changed.
  int64_t changed_ns() const;

  const TreeContext& context_;
  const MemberLens lens_;
  const NodeId parent_;
};

// One whose names come and go with archives: the kernel caches no entries of it.
class ChangingPacksNode : public PacksNode {
 public:
  using PacksNode::PacksNode;
  bool may_cache_absence() const override { return false; }
  bool may_cache_entries() const override { return false; }
  std::optional<Attributes> attributes() const override { return directory_attributes(id(), changed_ns()); }
};

// inside_nodes.cc: folders of archives.
Attributes pack_attributes(const MemberLens& lens, const PackRow& pack);
NodeRef make_pack_folder(const TreeContext& context, MemberLens lens, PackRow pack);
NodeRef make_inside_folder(const TreeContext& context, MemberLens lens, int64_t member);  // null: gone

// map_nodes.cc: what is gathered of all archives.
NodeRef make_by_map_folder(const TreeContext& context, MemberLens lens);
NodeRef make_role_folder(const TreeContext& context, MemberLens lens, MapRole role);
NodeRef make_by_material_folder(const TreeContext& context, MemberLens lens);
NodeRef make_material_folder(const TreeContext& context, MemberLens lens, MaterialRow material);
NodeRef make_balls_folder(const TreeContext& context, MemberLens lens);  // previews/material/packs/
NodeRef find_ball(const TreeContext& context, const StillProfile& profile, int64_t material);

// pack_collage.cc: the picture that stands for a folder. Null: it has none.
NodeRef packs_collage(const TreeContext& context, const StillProfile& profile, PacksPlace place);

}  // namespace damfs
