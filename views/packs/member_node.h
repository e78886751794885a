// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/model/packs.h"
#include "views/frame/node.h"
#include "views/frame/tree_context.h"

namespace damfs {

// Where it is not recorded, a member is as old as its archive.
int64_t member_mtime(const MemberRow& member, const PackFacts& pack);
Attributes member_attributes(const MemberRow& member, const PackFacts& pack);
Attributes member_folder_attributes(NodeId id, const MemberRow& folder, const PackFacts& pack);

// A file inside an archive.
class MemberNode final : public Node {
 public:
  MemberNode(const TreeContext& context, MemberRow member, const PackFacts& pack);
  static NodeId node_id(int64_t member) { return NodeId::file(NodeId::FileKind::kMember, 0, member); }

  std::optional<Attributes> attributes() const override { return member_attributes(member_, pack_); }
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  std::vector<std::pair<std::string_view, std::string>> xattrs() const;

  const TreeContext& context_;
  const MemberRow member_;
  const PackFacts pack_;
};

}  // namespace damfs
