// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/previews/still_node.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/base/names.h"
#include "views/previews/collage_node.h"

namespace damfs {

StillNode::StillNode(const TreeContext& context, const StillProfile& profile, FoundAsset asset)
    : Node(StillLens(profile).node_id(asset.row.version)),
      context_(context),
      profile_(profile),
      asset_(std::move(asset)) {}

std::optional<Attributes> StillNode::attributes() const { return StillLens(profile_).attributes(asset_.row); }

ContentRef StillNode::open(const OpenRequest& request) const {
  return context_.stills.open({StillSubject::What::kVersion, asset_.row.version}, profile_, asset_.row.still,
                              request.reader);
}

std::optional<std::string> StillNode::xattr(std::string_view name) const {
  if (name == "user.damfs.error")
    return context_.stills.failure({StillSubject::What::kVersion, asset_.row.version}, profile_);
  if (name == "user.damfs.note")
    return context_.stills.note({StillSubject::What::kVersion, asset_.row.version}, profile_);
  if (name == "user.damfs.label") return asset_.name;
  if (name == "user.damfs.asset") return std::to_string(asset_.row.id);
  if (name == "user.damfs.profile") return profile_.name;
  return std::nullopt;
}

std::vector<std::string> StillNode::xattr_names() const {
  std::vector<std::string> names = {"user.damfs.asset", "user.damfs.label", "user.damfs.profile"};
  for (const char* told : {"user.damfs.error", "user.damfs.note"}) {
    if (xattr(told)) names.emplace_back(told);
  }
  return names;
}

NodeId StillLens::node_id(int64_t version) const {
  return NodeId::file(NodeId::FileKind::kStill, profile_.code, version);
}

std::optional<Attributes> StillLens::attributes(const AssetRow& asset) const {
  if (!has_still(profile_, asset)) return std::nullopt;
  Attributes attributes{.node = node_id(asset.version),
                        .mode = kMadeFileMode,
                        .nlink = static_cast<uint32_t>(asset.names),
                        .size = static_cast<uint64_t>(still_bytes(profile_, asset.still)),
                        .mtime_ns = std::max(asset.mtime_ns, profile_.made_ns),
                        .ctime_ns = std::max(asset.changed_ns, profile_.made_ns)};
  narrow(asset.ownership, attributes);
  return attributes;
}

// "a.jpg.webp"; cut and with the asset's id where the extension would make it too long.
std::string StillLens::whole_name(std::string_view name, int64_t asset) const {
  if (name.size() + extension().size() <= kMaxNameBytes) return fmt::format("{}{}", name, extension());
  const std::string tail = fmt::format("{}{}{}", kAssetMark, asset, extension());
  return portable_name(name, kMaxNameBytes - tail.size()) + tail;
}

std::string StillLens::shown_name(std::string_view name, int64_t asset, Siblings& siblings) const {
  if (!name.ends_with(extension())) return whole_name(name, asset);
  const auto other = siblings.named(name.substr(0, name.size() - extension().size()));
  return other && attributes(other->row) ? whole_name(name, asset) : std::string(name);
}

std::vector<std::string> StillLens::possible_names(std::string_view name, int64_t asset) const {
  std::vector<std::string> names = {whole_name(name, asset)};
  if (name.ends_with(extension())) names.emplace_back(name);
  return names;
}

std::vector<FoundAsset> StillLens::sources(std::string_view shown, Siblings& siblings) const {
  std::vector<FoundAsset> found;
  if (!shown.ends_with(extension())) return found;
  for (const std::string_view name : {shown.substr(0, shown.size() - extension().size()), shown}) {
    if (auto source = siblings.named(name)) found.push_back(std::move(*source));
  }
  return found;
}

std::vector<FoundAsset> StillLens::dependents(std::string_view name, Siblings& siblings) const {
  auto found = siblings.named(fmt::format("{}{}", name, extension()));
  if (!found) return {};
  return {std::move(*found)};
}

std::string StillLens::folder_file_name() const { return CollageNode::name(profile_); }

NodeRef StillLens::folder_file(const TreeContext& context, const View& view, int64_t key) const {
  return CollageNode::find(context, view, profile_, key);
}

bool StillLens::drop(const TreeContext& context, const FoundAsset& asset) const {
  context.stills.drop({StillSubject::What::kVersion, asset.row.version}, profile_);
  return true;
}

NodeRef StillLens::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<StillNode>(context, profile_, asset);
}

}  // namespace damfs
