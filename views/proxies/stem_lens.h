// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/lens.h"
#include "views/frame/tree_context.h"

namespace damfs {

// Shows assets under their stem with an extension of the lens' own, as editing programs need it to find the proxy of
// "C0001.MP4" in "C0001.mov". Where several assets of a folder would be called so, the one catalogued first is, and the
// others keep their whole name: "C0001.MXF.mov".
class StemLens : public Lens {
 public:
  using Lens::Lens;
  int64_t top_key() const override { return kProxiesKey; }
  std::string shown_name(std::string_view name, int64_t asset, Siblings& siblings) const override;
  std::vector<std::string> possible_names(std::string_view name, int64_t asset) const override;
  std::vector<FoundAsset> sources(std::string_view shown, Siblings& siblings) const override;
  std::vector<FoundAsset> dependents(std::string_view name, Siblings& siblings) const override;

 protected:
  // Of what this lens shows of the asset; empty: it shows nothing.
  virtual std::string_view extension_of(const AssetRow& asset) const = 0;
  virtual std::vector<std::string_view> extensions() const = 0;  // all there are
};

}  // namespace damfs
