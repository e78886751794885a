// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/sidecars/sidecar_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/model/read/details.h"
#include "catalog/model/write/sidecar.h"
#include "views/frame/original_node.h"
#include "views/frame/reach.h"
#include "views/frame/text_content.h"

namespace damfs {
namespace {

constexpr std::string_view kSidecarExtension = ".xmp";

NodeId sidecar_id(int64_t version) { return NodeId::file(NodeId::More::kSidecar, version); }

// Cut and with the asset's number where the extension would make it too long.
std::string sidecar_of(std::string_view name, int64_t asset) {
  if (name.size() + kSidecarExtension.size() <= kMaxNameBytes) return fmt::format("{}{}", name, kSidecarExtension);
  const std::string tail = fmt::format("{}{}{}", kAssetMark, asset, kSidecarExtension);
  return portable_name(name, kMaxNameBytes - tail.size()) + tail;
}

std::string moved_aside(std::string_view name, int64_t asset) {
  return with_suffix(name, fmt::format("{}{}", kAssetMark, asset));
}

// The name of what a sidecar called so would stand beside.
std::optional<std::string_view> beside_what(std::string_view name) {
  if (!name.ends_with(kSidecarExtension) || name.size() == kSidecarExtension.size()) return std::nullopt;
  return name.substr(0, name.size() - kSidecarExtension.size());
}

bool has_sidecar(std::string_view name, const AssetRow& asset) { return !asset.is_link() && !is_sidecar_name(name); }

uint32_t names_of(Reader& reader, int64_t asset) {
  return static_cast<uint32_t>(std::max<size_t>(1, reader.folder_entries(asset).size()));
}

class WithSidecarNode final : public Node {
 public:
  WithSidecarNode(const TreeContext& context, const FoundAsset& asset)
      : Node(WithSidecarsLens().node_id(asset.row.version)),
        context_(context),
        row_(asset.row),
        original_(context, asset) {}
  std::optional<Attributes> attributes() const override {
    const auto reader = context_.catalog.reader();
    return Sidecars().asset_attributes(*reader, row_);
  }
  std::string link_target() const override { return original_.link_target(); }
  ContentRef open(const OpenRequest& request) const override {
    if (request.writes) fail(EROFS, "sidecars/ shows what is in originals/; write there");
    return original_.open(request);
  }
  std::optional<std::string> xattr(std::string_view name) const override { return original_.xattr(name); }
  std::vector<std::string> xattr_names() const override { return original_.xattr_names(); }

 private:
  const TreeContext& context_;
  const AssetRow row_;
  const OriginalNode original_;
};

class SidecarNode final : public Node {
 public:
  SidecarNode(const TreeContext& context, FoundAsset asset)
      : Node(sidecar_id(asset.row.version)), context_(context), asset_(std::move(asset)) {}
  std::optional<Attributes> attributes() const override {
    const auto reader = context_.catalog.reader();
    const auto now = reader->asset(asset_.row.id);  // it may have been changed since, whatever its number
    return Sidecars().attributes(*reader, now ? now->row : asset_.row);
  }
  ContentRef open(const OpenRequest& request) const override {
    if (request.writes)
      fail(EROFS, "what a sidecar in sidecars/ says is said by tags, ratings and words; change those");
    return std::make_shared<TextContent>(xmp_packet(sidecar_words(*context_.catalog.reader(), asset_.row.id)),
                                         TextContent::Lasts::kForItsOpener);
  }
  std::optional<std::string> xattr(std::string_view name) const override {
    if (name == "user.damfs.label") return asset_.name;
    if (name == "user.damfs.asset") return std::to_string(asset_.row.id);
    return std::nullopt;
  }
  std::vector<std::string> xattr_names() const override { return {"user.damfs.asset", "user.damfs.label"}; }

 private:
  const TreeContext& context_;
  const FoundAsset asset_;
};

}  // namespace

// --- originals beside sidecars --------------------------------------------------------------------------

NodeId WithSidecarsLens::node_id(int64_t version) const { return NodeId::file(NodeId::More::kWithSidecar, version); }

std::optional<Attributes> WithSidecarsLens::attributes(const AssetRow& asset) const {
  auto attributes = PlainLens().attributes(asset);
  attributes->node = node_id(asset.version);
  return attributes;
}

std::string WithSidecarsLens::shown_name(std::string_view name, int64_t asset, Siblings& siblings) const {
  const auto of = beside_what(name);
  const auto other = of ? siblings.named(*of) : std::nullopt;
  return other && has_sidecar(*of, other->row) ? moved_aside(name, asset) : std::string(name);
}

std::vector<std::string> WithSidecarsLens::possible_names(std::string_view name, int64_t asset) const {
  if (!beside_what(name)) return {std::string(name)};
  return {std::string(name), moved_aside(name, asset)};
}

std::vector<FoundAsset> WithSidecarsLens::sources(std::string_view shown, Siblings& siblings) const {
  return PlainLens().sources(shown, siblings);
}

std::vector<FoundAsset> WithSidecarsLens::dependents(std::string_view name, Siblings& siblings) const {
  auto kept = siblings.named(fmt::format("{}{}", name, kSidecarExtension));
  if (!kept) return {};
  return {std::move(*kept)};
}

NodeRef WithSidecarsLens::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<WithSidecarNode>(context, asset);
}

// --- sidecars -------------------------------------------------------------------------------------------

Attributes Sidecars::asset_attributes(Reader& reader, const AssetRow& asset) const {
  Attributes attributes = *lens_.attributes(asset);
  attributes.nlink = names_of(reader, asset.id);
  return attributes;
}

std::string Sidecars::name_of(std::string_view name, const AssetRow& asset) const {
  return has_sidecar(name, asset) ? sidecar_of(name, asset.id) : std::string();
}

std::string Sidecars::possible_name(std::string_view name, int64_t asset) const {
  return is_sidecar_name(name) ? std::string() : sidecar_of(name, asset);
}

std::optional<FoundAsset> Sidecars::asset_of(std::string_view shown, Siblings& siblings) const {
  const auto name = beside_what(shown);
  return name ? siblings.named(*name) : std::nullopt;
}

Attributes Sidecars::attributes(Reader& reader, const AssetRow& asset) const {
  Attributes attributes{.node = sidecar_id(asset.version),
                        .mode = kMadeFileMode,
                        .nlink = names_of(reader, asset.id),
                        .size = xmp_packet(sidecar_words(reader, asset.id)).size(),
                        .mtime_ns = asset.changed_ns,
                        .ctime_ns = asset.changed_ns};
  narrow(asset.ownership, attributes);
  // A tag that is renamed changes what is said of all that have it.
  attributes.is_cacheable = false;
  return attributes;
}

NodeRef Sidecars::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<SidecarNode>(context, asset);
}

bool SidecarsBranch::owns(NodeId id) const {
  return !id.is_directory() && (id.is(NodeId::More::kSidecar) || id.is(NodeId::More::kWithSidecar));
}

bool SidecarsBranch::shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const {
  return reach.shows_version(node.id().file_id(), asker, wanted);
}

NodeRef SidecarsBranch::node(NodeId id) const {
  const bool is_sidecar = id == sidecar_id(id.file_id());
  if (!is_sidecar && id != WithSidecarsLens().node_id(id.file_id())) return nullptr;
  const auto asset = context_.catalog.reader()->version(id.file_id());
  if (!asset) return nullptr;
  if (is_sidecar) return std::make_shared<SidecarNode>(context_, *asset);
  return std::make_shared<WithSidecarNode>(context_, *asset);
}

}  // namespace damfs
