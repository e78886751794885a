// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/lens.h"
#include "views/frame/tree_context.h"

namespace damfs {

// The bytes of a version, as they were catalogued. `name` is for messages.
ContentRef open_original(const TreeContext& context, int64_t version, const std::string& name);

// A version's own bytes.
class OriginalNode final : public Node {
 public:
  enum class EntryCaching : uint8_t { kAllowed, kForbidden };
  OriginalNode(const TreeContext& context, FoundAsset asset, EntryCaching caching = EntryCaching::kAllowed);
  std::optional<Attributes> attributes() const override;
  std::string link_target() const override;
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;
  void set_attributes(const Actor& actor, const AttributeChange& change) const override;
  bool is_written_elsewhere() const override;
  NodeRef overwrite_by_number(const Actor& actor) const override;
  void set_size(const Actor& actor, uint64_t size, Done done) const override;
  void set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const override;
  bool remove_xattr(const Actor& actor, std::string_view name) const override;

 private:
  Doing describing(std::string_view xattr) const;

  const TreeContext& context_;
  const FoundAsset asset_;
  const EntryCaching caching_;
};

// Shows assets as they are.
class PlainLens final : public Lens {
 public:
  PlainLens() : Lens(0, "") {}
  std::optional<Attributes> attributes(const AssetRow& asset) const override;
  std::string shown_name(std::string_view name, int64_t asset, Siblings& siblings) const override;
  std::vector<std::string> possible_names(std::string_view name, int64_t asset) const override;
  std::vector<FoundAsset> sources(std::string_view shown, Siblings& siblings) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;
  NodeId node_id(int64_t version) const override;
};

}  // namespace damfs
