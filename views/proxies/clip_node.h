// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/derive/clip_layout.h"
#include "views/proxies/stem_lens.h"

namespace damfs {

// An editing proxy: its pieces are made when somebody first reads them.
class ClipNode final : public Node {
 public:
  ClipNode(const TreeContext& context, const ClipProfile& profile, FoundAsset asset);
  std::optional<Attributes> attributes() const override;
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  const TreeContext& context_;
  const ClipProfile& profile_;
  const FoundAsset asset_;
};

// Shows each recording as its editing proxy of one profile.
class ClipLens final : public StemLens {
 public:
  explicit ClipLens(const ClipProfile& profile) : StemLens(profile.code, profile.name), profile_(profile) {}
  std::optional<Attributes> attributes(const AssetRow& asset) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;
  bool drop(const TreeContext& context, const FoundAsset& asset) const override;
  NodeId node_id(int64_t version) const override;

 protected:
  std::string_view extension_of(const AssetRow& asset) const override;
  std::vector<std::string_view> extensions() const override { return {".mov", ".wav"}; }

 private:
  const ClipProfile& profile_;
};

}  // namespace damfs
