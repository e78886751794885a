// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/packs/member_node.h"

#include <fmt/format.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "views/derive/members.h"

namespace damfs {
namespace {

constexpr mode_t kReadable = 0444;
constexpr mode_t kEnterable = 0555;

}  // namespace

int64_t member_mtime(const MemberRow& member, const PackFacts& pack) {
  return member.mtime_ns != 0 ? member.mtime_ns : pack.mtime_ns;
}

// What is recorded, for those who may read the archive.
Attributes member_attributes(const MemberRow& member, const PackFacts& pack) {
  const auto mode = static_cast<mode_t>(member.mode.value_or(kFileMode & 0777));
  const int64_t mtime = member_mtime(member, pack);
  Attributes attributes{.node = MemberNode::node_id(member.id),
                        .mode = (kFileMode & ~mode_t{0777}) | mode | kReadable,
                        .nlink = static_cast<uint32_t>(member.names()),
                        .size = static_cast<uint64_t>(member.size),
                        .mtime_ns = mtime,
                        .ctime_ns = mtime};
  narrow(pack.ownership, attributes);
  return attributes;
}

Attributes member_folder_attributes(NodeId id, const MemberRow& folder, const PackFacts& pack) {
  Attributes attributes = directory_attributes(id, member_mtime(folder, pack));
  if (folder.mode) {
    attributes.mode = (kDirectoryMode & ~mode_t{0777}) | static_cast<mode_t>(*folder.mode) | kEnterable;
  }
  narrow(pack.ownership, attributes);
  return attributes;
}

MemberNode::MemberNode(const TreeContext& context, MemberRow member, const PackFacts& pack)
    : Node(node_id(member.id)), context_(context), member_(std::move(member)), pack_(pack) {}

ContentRef MemberNode::open(const OpenRequest& request) const {
  if (request.writes) fail(EROFS, "{} is inside an archive, which does not change", printable(member_.name));
  return context_.members.open(member_, request.reader);
}

std::vector<std::pair<std::string_view, std::string>> MemberNode::xattrs() const {
  std::vector<std::pair<std::string_view, std::string>> all;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) all.emplace_back(name, std::move(value));
  };
  {
    const auto reader = context_.catalog.reader();
    PackReader packs(*reader);
    if (const auto pack = packs.pack_of_blob(blob_of_member(member_.id))) {
      add("user.damfs.pack", pack->label);
      add("user.damfs.asset", std::to_string(pack->asset));
    }
    add("user.damfs.member", member_.path.empty() ? packs.path(member_) : member_.path);
    if (const auto material = member_.material ? packs.material(*member_.material) : std::nullopt) {
      add("user.damfs.material", material->name);
    }
  }
  if (member_.role) add("user.damfs.role", std::string(to_string(*member_.role)));
  if (member_.resolution > 0) {
    const int64_t k = member_.resolution / 1024;
    add("user.damfs.resolution", k > 0 ? fmt::format("{}K", k) : std::to_string(member_.resolution));
  }
  add("user.damfs.method", method_name(member_.method));
  add("user.damfs.crc32", fmt::format("{:08x}", member_.crc));
  if (member_.sha256) add("user.damfs.sha256", member_.sha256->hex());
  add("user.damfs.note", member_.note);
  add("user.damfs.error", context_.members.failure(member_).value_or(""));
  return all;
}

std::optional<std::string> MemberNode::xattr(std::string_view name) const {
  if (!name.starts_with("user.damfs.")) return std::nullopt;
  for (auto& [known, value] : xattrs()) {
    if (known == name) return std::move(value);
  }
  return std::nullopt;
}

std::vector<std::string> MemberNode::xattr_names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : xattrs()) names.emplace_back(name);
  return names;
}

}  // namespace damfs
