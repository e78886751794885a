// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/previews/still_node.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/base/names.h"

namespace damfs {
namespace {

constexpr std::string_view kExtension = ".webp";
// Longer names cannot take the extension; they are cut and carry their asset's id.
constexpr size_t kLongestWhole = kMaxNameBytes - kExtension.size();

}  // namespace

StillNode::StillNode(const TreeContext& context, const StillProfile& profile, FoundAsset asset)
    : Node(StillLens(profile).node_id(asset.row.version)),
      context_(context),
      profile_(profile),
      asset_(std::move(asset)) {}

std::optional<Attributes> StillNode::attributes() const { return StillLens(profile_).attributes(asset_.row); }

ContentRef StillNode::open() const { return context_.stills.open(asset_.row.version, profile_, asset_.row.still); }

std::optional<std::string> StillNode::xattr(std::string_view name) const {
  if (name == "user.damfs.error") return context_.stills.failure(asset_.row.version, profile_);
  if (name == "user.damfs.label") return asset_.name;
  if (name == "user.damfs.asset") return std::to_string(asset_.row.id);
  if (name == "user.damfs.profile") return std::string(profile_.name);
  return std::nullopt;
}

std::vector<std::string> StillNode::xattr_names() const {
  std::vector<std::string> names = {"user.damfs.asset", "user.damfs.label", "user.damfs.profile"};
  if (xattr("user.damfs.error")) names.emplace_back("user.damfs.error");
  return names;
}

NodeId StillLens::node_id(int64_t version) const {
  return NodeId::file(NodeId::FileKind::kStill, profile_.code, version);
}

std::optional<Attributes> StillLens::attributes(const AssetRow& asset) const {
  if (!asset.still) return std::nullopt;
  return Attributes{.node = node_id(asset.version),
                    .mode = kFileMode,
                    .nlink = static_cast<uint32_t>(asset.names),
                    .size = static_cast<uint64_t>(still_bytes(profile_, asset.still)),
                    .mtime_ns = std::max(asset.mtime_ns, kStillEpochNs),
                    .ctime_ns = std::max(asset.changed_ns, kStillEpochNs)};
}

std::string StillLens::shown_name(std::string_view name, int64_t asset, const HasSibling& has_sibling) const {
  if (name.ends_with(kExtension) && !has_sibling(name.substr(0, name.size() - kExtension.size()))) {
    return std::string(name);
  }
  if (name.size() <= kLongestWhole) return fmt::format("{}{}", name, kExtension);
  const std::string tail = fmt::format("{}{}{}", kAssetMark, asset, kExtension);
  return portable_name(name.substr(0, name.size()), kMaxNameBytes - tail.size()) + tail;
}

std::vector<std::string> StillLens::source_names(std::string_view shown) const {
  if (!shown.ends_with(kExtension)) return {};
  return {std::string(shown.substr(0, shown.size() - kExtension.size())), std::string(shown)};
}

std::vector<std::string> StillLens::dependents(std::string_view name) const {
  return {fmt::format("{}{}", name, kExtension)};
}

NodeRef StillLens::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<StillNode>(context, profile_, asset);
}

}  // namespace damfs
