// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "views/frame/branch.h"
#include "views/frame/node.h"

namespace damfs {

// A folder whose entries are known when the mount is made.
class StaticFolder final : public Node {
 public:
  using Entry = Branch::Entry;
  using Unlisted = std::function<NodeRef(std::string_view name)>;  // what there is beside them; null: nothing

  StaticFolder(NodeId id, NodeId parent, int64_t changed_ns, std::vector<Entry> entries, Unlisted unlisted = nullptr);
  std::optional<Attributes> attributes() const override;
  NodeRef lookup(EntryName name) const override;
  NodeId parent() const override { return parent_; }
  void list(Cursor after, EntrySink& sink) const override;

 private:
  const NodeId parent_;
  const int64_t changed_ns_;
  const std::vector<Entry> entries_;
  const Unlisted unlisted_;
};

}  // namespace damfs
