// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/derive/still_profile.h"
#include "views/frame/lens.h"
#include "views/frame/tree_context.h"

namespace damfs {

// A preview: a still of a version that is made when somebody first reads it.
class StillNode final : public Node {
 public:
  StillNode(const TreeContext& context, const StillProfile& profile, FoundAsset asset);
  std::optional<Attributes> attributes() const override;
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  const TreeContext& context_;
  const StillProfile& profile_;
  const FoundAsset asset_;
};

// Shows each asset that has a still as "<its name>.webp", or whatever extension the profile's format has. A source that
// is called so already keeps its name, unless the folder also has the source which that name would belong to: so names
// never clash.
class StillLens final : public Lens {
 public:
  explicit StillLens(const StillProfile& profile) : Lens(profile.code, profile.name), profile_(profile) {}
  const StillProfile* still_profile() const override { return &profile_; }
  int64_t top_key() const override { return kPreviewsKey; }

  std::optional<Attributes> attributes(const AssetRow& asset) const override;
  std::string shown_name(std::string_view name, int64_t asset, Siblings& siblings) const override;
  std::vector<std::string> possible_names(std::string_view name, int64_t asset) const override;
  std::vector<FoundAsset> sources(std::string_view shown, Siblings& siblings) const override;
  std::vector<FoundAsset> dependents(std::string_view name, Siblings& siblings) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;
  bool drop(const TreeContext& context, const FoundAsset& asset) const override;
  NodeId node_id(int64_t version) const override;
  std::string folder_file_name() const override;
  NodeRef folder_file(const TreeContext& context, const View& view, int64_t key) const override;

 private:
  std::string whole_name(std::string_view name, int64_t asset) const;
  std::string_view extension() const { return profile_.extension(); }

  const StillProfile& profile_;
};

}  // namespace damfs
