// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/proxies/camera_node.h"

#include <algorithm>

#include "views/frame/original_node.h"

namespace damfs {

CameraProxyNode::CameraProxyNode(const TreeContext& context, FoundAsset asset)
    : Node(CameraProxyLens().node_id(asset.row.version)), context_(context), asset_(std::move(asset)) {}

std::optional<Attributes> CameraProxyNode::attributes() const { return CameraProxyLens().attributes(asset_.row); }

ContentRef CameraProxyNode::open(const OpenRequest&) const {
  return open_original(context_, asset_.row.camera_proxy.version, asset_.name);
}

std::optional<std::string> CameraProxyNode::xattr(std::string_view name) const {
  if (name == "user.damfs.label") return asset_.name;
  if (name == "user.damfs.asset") return std::to_string(asset_.row.id);
  return std::nullopt;
}

std::vector<std::string> CameraProxyNode::xattr_names() const { return {"user.damfs.asset", "user.damfs.label"}; }

NodeId CameraProxyLens::node_id(int64_t version) const {
  return NodeId::file(NodeId::FileKind::kCameraProxy, ProfileCode::kCameraProxy, version);
}

std::optional<Attributes> CameraProxyLens::attributes(const AssetRow& asset) const {
  if (asset.camera_proxy.version == 0) return std::nullopt;
  Attributes attributes{.node = node_id(asset.version),
                        .mode = kMadeFileMode,
                        .nlink = static_cast<uint32_t>(asset.names),
                        .size = static_cast<uint64_t>(asset.camera_proxy.size),
                        .mtime_ns = asset.camera_proxy.mtime_ns,
                        .ctime_ns = std::max(asset.changed_ns, asset.camera_proxy.mtime_ns)};
  // It is the small file itself, which is another asset.
  narrow(asset.camera_proxy.ownership, attributes);
  return attributes;
}

// All the cameras known write MP4, whatever they call it.
std::string_view CameraProxyLens::extension_of(const AssetRow& asset) const {
  return asset.camera_proxy.version != 0 ? ".mp4" : std::string_view();
}

NodeRef CameraProxyLens::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<CameraProxyNode>(context, asset);
}

}  // namespace damfs
