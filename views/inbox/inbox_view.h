// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// inbox/: whatever is dropped here is filed under originals/ by capture date when it is closed, and leaves.
class InboxView final : public View {
 public:
  InboxView();
  Filing filing() const override { return Filing::kByDate; }
  Sealed seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const override;
  void add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
