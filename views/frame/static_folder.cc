// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/static_folder.h"

#include <algorithm>
#include <utility>

#include "views/frame/tree_context.h"

namespace damfs {

StaticFolder::StaticFolder(NodeId id, NodeId parent, int64_t changed_ns, std::vector<Entry> entries, Unlisted unlisted)
    : Node(id),
      parent_(parent),
      changed_ns_(changed_ns),
      entries_(std::move(entries)),
      unlisted_(std::move(unlisted)) {}

std::optional<Attributes> StaticFolder::attributes() const { return directory_attributes(id(), changed_ns_); }

NodeRef StaticFolder::lookup(EntryName name) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name.view(); });
  if (found != entries_.end()) return found->node();
  return unlisted_ ? unlisted_(name.view()) : nullptr;
}

void StaticFolder::list(Cursor after, EntrySink& sink) const {
  for (size_t i = after; i < entries_.size(); ++i) {
    const auto attributes = entries_[i].node()->attributes();
    if (attributes && !sink.add(entries_[i].name, *attributes, i + 1)) return;
  }
}

}  // namespace damfs
