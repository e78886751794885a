// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/node.h"

#include <cerrno>

#include "catalog/base/error.h"

namespace damfs {

NodeRef Node::lookup(EntryName) const { fail(ENOTDIR, "node {} is not a directory", id_.value()); }

// Most folders stand directly under the root; those that do not say so.
NodeId Node::parent() const {
  if (!id_.is_directory()) fail(ENOTDIR, "node {} is not a directory", id_.value());
  return NodeId::root();
}

void Node::list(Cursor, EntrySink&) const { fail(ENOTDIR, "node {} is not a directory", id_.value()); }

ContentRef Node::open(const OpenRequest&) const { fail(EISDIR, "node {} is a directory", id_.value()); }

std::optional<std::string> Node::xattr(std::string_view) const { return std::nullopt; }
std::vector<std::string> Node::xattr_names() const { return {}; }

}  // namespace damfs
