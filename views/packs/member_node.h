// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/model/packs.h"
#include "views/node.h"
#include "views/tree_context.h"

namespace damfs {

// Where it is not recorded, a member is as old as its archive.
int64_t member_mtime(const MemberRow& member, int64_t archive_mtime_ns);
Attributes member_attributes(const MemberRow& member, int64_t archive_mtime_ns);
Attributes member_folder_attributes(NodeId id, const MemberRow& folder, int64_t archive_mtime_ns);

// A file inside an archive.
class MemberNode final : public Node {
 public:
  MemberNode(const TreeContext& context, MemberRow member, int64_t archive_mtime_ns);
  static NodeId node_id(int64_t member) { return NodeId::file(NodeId::FileKind::kMember, 0, member); }

  std::optional<Attributes> attributes() const override { return member_attributes(member_, archive_mtime_ns_); }
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  std::vector<std::pair<std::string_view, std::string>> xattrs() const;

  const TreeContext& context_;
  const MemberRow member_;
  const int64_t archive_mtime_ns_;
};

}  // namespace damfs
