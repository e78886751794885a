// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What extended attributes tell of a folder, and of all in it.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "views/frame/asset_xattrs.h"
#include "views/frame/folder_node.h"

namespace damfs {

bool FolderNode::is_own_xattr(std::string_view name) const {
  const auto own = view_.folder_xattrs();
  return std::find(own.begin(), own.end(), name) != own.end();
}

std::optional<std::string> FolderNode::xattr(std::string_view name) const {
  if (!is_own_xattr(name)) return std::nullopt;
  const auto reader = context_.catalog.reader();
  return view_.folder_xattr(*reader, key_, name);
}

std::vector<std::string> FolderNode::xattr_names() const {
  std::vector<std::string> names;
  for (const std::string_view name : view_.folder_xattrs()) {
    if (xattr(name)) names.emplace_back(name);
  }
  return names;
}

void FolderNode::each_asset_below(int64_t key, const std::function<void(const AssetRow& asset)>& visit) const {
  std::vector<int64_t> below;
  {
    const auto reader = context_.catalog.reader();
    view_.assets(*reader, key, 0, [&](const AssetRow& row) {
      if (!row.is_link()) visit(row);
      return true;
    });
    view_.folders(*reader, key, 0, [&](const GroupRow& row) {
      below.push_back(row.key);
      return true;
    });
  }
  for (const int64_t each : below) each_asset_below(each, visit);
}

void FolderNode::set_own_xattr(const Actor& actor, std::string_view name, std::string_view value) const {
  const auto row = view_.folder(*context_.catalog.reader(), key_);
  if (!row) fail(ENOENT, "the folder is gone");
  if (!value.empty() && context_.drafts.make_nonempty(id())) {
    fail(ENOTEMPTY, "something is being put into {}", printable(row->name));
  }
  Doing said = doing(Doing::Kind::kDescribe, "", Doing::Object::kFolder);
  said.words = name;
  context_.acts.write(actor, said, Durability::kSoon,
                      [&](Writer& writer, KnownNames&) { view_.set_folder_xattr(writer, key_, name, value); });
}

// What is no matter of the folder's own is said of all that is in it; by others than the owner, of what is theirs.
void FolderNode::set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const {
  require_writable();
  if (is_own_xattr(name)) {
    const bool is_set = xattr(name).has_value();
    if (flag == XattrFlag::kMustBeNew && is_set) fail(EEXIST, "it has {} already", name);
    if (flag == XattrFlag::kMustExist && !is_set) fail(ENODATA, "it has no {}", name);
    return set_own_xattr(actor, name, value);
  }
  require_settable(name);
  if (!is_settable(name)) fail(EPERM, "{} is only read", name);
  if (key_ == 0 || view_.filing() == View::Filing::kNone) fail(EROFS, "{}/ is not for that", view_.name());
  Doing said = doing(Doing::Kind::kDescribe, "", Doing::Object::kFolder);
  said.words = name;
  context_.acts.write(actor, said, Durability::kSoon, [&](Writer& writer, KnownNames&) {
    each_asset_below(key_, [&](const AssetRow& asset) {
      const bool is_theirs = asset.ownership.uid == static_cast<int64_t>(actor.uid);
      if (actor.is_owner || actor.uid == 0 || is_theirs) set_asset_xattr(writer, asset.id, name, value);
    });
  });
}

bool FolderNode::remove_xattr(const Actor& actor, std::string_view name) const {
  if (!is_own_xattr(name)) return Node::remove_xattr(actor, name);
  require_writable();
  if (!xattr(name)) return false;
  set_own_xattr(actor, name, {});
  return true;
}

}  // namespace damfs
