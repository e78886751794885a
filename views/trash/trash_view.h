// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// trash/: what anybody removed from originals/, until it is purged. It is the mount's owner's alone; what others
// removed, they find in the trash of their own (desktop_nodes.h).
class TrashView final : public View {
 public:
  TrashView();
  std::optional<GroupRow> folder(Reader& reader, int64_t key) const override;
  void remove(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset) const override;
  void take(Writer& writer, const Actor& actor, const View& from, int64_t from_key, const FoundAsset& asset,
            int64_t key, std::string_view name) const override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
};

}  // namespace damfs
