// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/packs/packs_node.h"

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "views/previews/collage_node.h"

namespace damfs {

PacksNode::PacksNode(const TreeContext& context, MemberLens lens, PacksPlace place, PacksPlace parent)
    : PacksNode(context, lens, place, packs_folder_id(lens, parent)) {}

PacksNode::PacksNode(const TreeContext& context, MemberLens lens, PacksPlace place, NodeId parent)
    : Node(packs_folder_id(lens, place)), context_(context), lens_(lens), parent_(parent) {}

int64_t PacksNode::changed_ns() const {
  const auto row = context_.catalog.reader()->group(Grouping::kPacks, 0);
  return row && row->changed_ns != 0 ? row->changed_ns : context_.created_ns;
}

NodeRef PacksNode::lookup(EntryName name) const {
  if (auto found = find(name)) return found;
  const StillProfile* profile = lens_.profile();
  if (profile == nullptr || name.view() != CollageNode::name(*profile)) return nullptr;
  return packs_collage(context_, *profile, packs_place(id().key()));
}

void PacksNode::unlink(const Actor& actor, EntryName name) const {
  if (lens_.profile() == nullptr) return Node::unlink(actor, name);
  const NodeRef found = lookup(name);
  if (!found) fail(ENOENT, "there is no file {}", printable(name.view()));
  const auto* still = dynamic_cast<const MemberStillNode*>(found.get());
  if (still == nullptr) return Node::unlink(actor, name);
  still->drop();
}

}  // namespace damfs
