// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/beside.h"
#include "views/frame/branch.h"
#include "views/frame/tree_context.h"

namespace damfs {

// Originals where sidecars stand beside them: the same bytes under another number, which has as many names as the asset
// has in originals/. Where originals/ has a sidecar of the same name, that one is shown under a name with its asset's
// number.
class WithSidecarsLens final : public Lens {
 public:
  WithSidecarsLens() : Lens(0, "") {}
  std::optional<Attributes> attributes(const AssetRow& asset) const override;
  std::string shown_name(std::string_view name, int64_t asset, Siblings& siblings) const override;
  std::vector<std::string> possible_names(std::string_view name, int64_t asset) const override;
  std::vector<FoundAsset> sources(std::string_view shown, Siblings& siblings) const override;
  std::vector<FoundAsset> dependents(std::string_view name, Siblings& siblings) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;
  NodeId node_id(int64_t version) const override;
};

// "a.jpg.xmp" beside each file but symbolic links and what is a sidecar itself.
class Sidecars final : public Beside {
 public:
  const Lens& lens() const override { return lens_; }
  Attributes asset_attributes(Reader& reader, const AssetRow& asset) const override;
  std::string name_of(std::string_view name, const AssetRow& asset) const override;
  std::string possible_name(std::string_view name, int64_t asset) const override;
  std::optional<FoundAsset> asset_of(std::string_view shown, Siblings& siblings) const override;
  Attributes attributes(Reader& reader, const AssetRow& asset) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;

 private:
  const WithSidecarsLens lens_;
};

// The files of sidecars/; its folders are a view's.
class SidecarsBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId id) const override;
  NodeRef node(NodeId id) const override;
  bool shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const override;
};

}  // namespace damfs
