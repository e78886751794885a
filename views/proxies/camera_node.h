// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/proxies/stem_lens.h"

namespace damfs {

// The small file that the camera itself wrote beside a clip, under the clip's name. Its bytes are an original's.
class CameraProxyNode final : public Node {
 public:
  CameraProxyNode(const TreeContext& context, FoundAsset asset);
  std::optional<Attributes> attributes() const override;
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  const TreeContext& context_;
  const FoundAsset asset_;  // the clip
};

class CameraProxyLens final : public StemLens {
 public:
  CameraProxyLens() : StemLens(ProfileCode::kCameraProxy, "camera") {}
  std::optional<Attributes> attributes(const AssetRow& asset) const override;
  NodeRef node(const TreeContext& context, const FoundAsset& asset) const override;
  NodeId node_id(int64_t version) const override;

 protected:
  std::string_view extension_of(const AssetRow& asset) const override;
  std::vector<std::string_view> extensions() const override { return {".mp4"}; }
};

}  // namespace damfs
