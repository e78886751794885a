// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/proxies/clip_node.h"

#include <algorithm>

#include "views/derive/clips.h"

namespace damfs {

ClipNode::ClipNode(const TreeContext& context, const ClipProfile& profile, FoundAsset asset)
    : Node(ClipLens(profile).node_id(asset.row.version)),
      context_(context),
      profile_(profile),
      asset_(std::move(asset)) {}

std::optional<Attributes> ClipNode::attributes() const { return ClipLens(profile_).attributes(asset_.row); }

ContentRef ClipNode::open(const OpenRequest& request) const {
  return context_.clips.open(asset_.row.version, profile_, request.reader);
}

std::optional<std::string> ClipNode::xattr(std::string_view name) const {
  if (name == "user.damfs.error") return context_.clips.failure(asset_.row.version, profile_);
  if (name == "user.damfs.label") return asset_.name;
  if (name == "user.damfs.asset") return std::to_string(asset_.row.id);
  if (name == "user.damfs.profile") return std::string(profile_.name);
  return std::nullopt;
}

std::vector<std::string> ClipNode::xattr_names() const {
  std::vector<std::string> names = {"user.damfs.asset", "user.damfs.label", "user.damfs.profile"};
  if (xattr("user.damfs.error")) names.emplace_back("user.damfs.error");
  return names;
}

NodeId ClipLens::node_id(int64_t version) const {
  return NodeId::file(NodeId::FileKind::kClip, profile_.code, version);
}

std::optional<Attributes> ClipLens::attributes(const AssetRow& asset) const {
  if (asset.clip.empty()) return std::nullopt;
  const auto facts = clip_from_text(asset.clip, asset.size);
  if (!facts) return std::nullopt;
  Attributes attributes{.node = node_id(asset.version),
                        .mode = kMadeFileMode,
                        .nlink = static_cast<uint32_t>(asset.names),
                        .size = ClipLayout(profile_, *facts).size(),
                        .mtime_ns = std::max(asset.mtime_ns, kClipEpochNs),
                        .ctime_ns = std::max(asset.changed_ns, kClipEpochNs)};
  narrow(asset.ownership, attributes);
  return attributes;
}

std::string_view ClipLens::extension_of(const AssetRow& asset) const {
  if (asset.clip.empty()) return {};
  const auto facts = clip_from_text(asset.clip, asset.size);
  return facts ? ClipLayout(profile_, *facts).extension() : std::string_view();
}

bool ClipLens::drop(const TreeContext& context, const FoundAsset& asset) const {
  context.clips.drop(asset.row.version, profile_);
  return true;
}

NodeRef ClipLens::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<ClipNode>(context, profile_, asset);
}

}  // namespace damfs
