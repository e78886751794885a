// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// by-rating/{1..5}/: all five, always. A key is a number of stars.
class ByRatingView final : public View {
 public:
  ByRatingView();
  Filing filing() const override { return Filing::kByDate; }
  void require_takes_files(Reader& reader, int64_t key) const override;
  Sealed seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const override;
  void add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const override;
  void remove(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset) const override;
  bool move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
            std::string_view to, const std::optional<FoundAsset>& over) const override;

 private:
  void require_stars(int64_t key) const;
};

}  // namespace damfs
