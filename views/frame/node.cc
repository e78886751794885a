// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/node.h"

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

std::string Node::link_target() const { fail(EINVAL, "node {} is no symbolic link", id_.value()); }

ContentRef Node::open(const OpenRequest&) const { fail(EISDIR, "node {} is a directory", id_.value()); }

namespace {

[[noreturn]] void refuse(NodeId id) { fail(EROFS, "nothing can be changed at node {}", id.value()); }

}  // namespace

Node::Created Node::create(const Actor&, EntryName, uint32_t) const { refuse(id_); }
NodeRef Node::overwrite(const Actor&, EntryName) const { refuse(id_); }
NodeRef Node::overwrite_by_number(const Actor&) const { refuse(id_); }
NodeRef Node::mkdir(const Actor&, EntryName, uint32_t) const { refuse(id_); }
NodeRef Node::symlink(const Actor&, EntryName, std::string_view) const { refuse(id_); }
void Node::unlink(const Actor&, EntryName) const { refuse(id_); }
void Node::rmdir(const Actor&, EntryName) const { refuse(id_); }
NodeRef Node::link(const Actor&, const Node&, EntryName) const { refuse(id_); }
void Node::rename(const Actor&, EntryName, const Node&, EntryName, Replace) const { refuse(id_); }
void Node::set_attributes(const Actor&, const AttributeChange&) const { refuse(id_); }
void Node::set_xattr(const Actor&, std::string_view, std::string_view, XattrFlag) const { refuse(id_); }
bool Node::remove_xattr(const Actor&, std::string_view) const { refuse(id_); }

void Node::set_size(const Actor& actor, uint64_t size, Done done) const {
  set_attributes(actor, {.size = size});
  done(0);
}

void Content::write(uint64_t, std::span<const std::byte>, Done) { fail(EBADF, "that file was not opened for writing"); }
void Content::allocate(int, uint64_t, uint64_t, Done) { fail(EBADF, "that file was not opened for writing"); }
void Content::truncate(uint64_t, Done) { fail(EINVAL, "that file was not opened for writing"); }
void Content::copy_from(const ContentRef&, uint64_t, uint64_t, size_t, Copied) {
  fail(EBADF, "that file was not opened for writing");
}

std::optional<std::string> Node::xattr(std::string_view) const { return std::nullopt; }
std::vector<std::string> Node::xattr_names() const { return {}; }

}  // namespace damfs
