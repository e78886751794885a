// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/lens.h"
#include "views/tree_context.h"

namespace damfs {

// A version's own bytes.
class OriginalNode final : public Node {
 public:
  OriginalNode(const TreeContext& context, FoundAsset asset);
  std::optional<Attributes> attributes() const override;
  ContentRef open() const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  const TreeContext& context_;
  const FoundAsset asset_;
};

// Shows assets as they are.
class PlainLens final : public Lens {
 public:
  PlainLens() : Lens(0) {}
  std::optional<Attributes> attributes(const AssetRow& asset) const override;
  std::string shown_name(std::string_view name, int64_t asset, const HasSibling& has_sibling) const override;
  std::vector<std::string> source_names(std::string_view shown) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;
  NodeId node_id(int64_t version) const override;
};

}  // namespace damfs
