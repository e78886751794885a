// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The ops on nodes by name and by number.

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "catalog/base/error.h"
#include "fs/op_table.h"

namespace damfs::op {
namespace {

// A size of 0 asks for the size.
void reply_xattr(Reply& reply, std::string_view value, size_t size) {
  if (size == 0) return reply.xattr_size(value.size());
  if (size < value.size()) return reply.error(ERANGE);
  reply.bytes(std::as_bytes(std::span(value)));
}

// That name, and no other on the way to it.
std::optional<Announcer::Item> being_announced(const Session& session, const Reply& reply, fuse_ino_t parent,
                                               std::string_view name) {
  const Announcer* announcer = session.options().announcer;
  if (announcer == nullptr || !announcer->is_it(reply.asker())) return std::nullopt;
  return announcer->telling(NodeId(parent), name);
}

// The node that takes the writing which this lookup prepares; the file itself where none may.
NodeRef to_be_written(Session& session, const Reply& reply, const Node& directory, EntryName name, const NodeRef& file,
                      NodeId wanted) {
  try {
    NodeRef next = directory.overwrite(actor_of(session, reply), name);
    session.overwrites().found(reply.asker(), wanted);
    return next;
  } catch (const Error& error) {
    session.overwrites().found(reply.asker(), wanted);
    session.overwrites().refused(reply.asker(), file->id(), error.code());
    session.options().nodes.refused(error.what());  // the opening, which is what fails, knows no more than the code
    return file;
  }
}

}  // namespace

void lookup(Session& session, Reply& reply, fuse_ino_t parent, const char* name) {
  const std::string_view text(name);
  const NodeRef directory = find_node(session, parent);
  NodeRef node;
  if (const auto item = being_announced(session, reply, parent, text)) {
    // What came is to be made, what went to be removed.
    fuse_entry_param entry{};
    if (item->change == Announcer::Item::Change::kWent) entry = ghost(session);
    static_cast<void>(reply.entry(entry));  // of neither is anything known here
    return;
  }
  // NFS servers ask for "." and ".." of any number they ever saw, files included, to find their way back.
  if (text == ".") {
    node = directory;
  } else if (text == "..") {
    node = find_node(session, directory->parent().value());
  } else {
    node = directory->lookup(EntryName(text));
    const bool is_original =
        node && !node->id().is_directory() && node->id().file_kind() == NodeId::FileKind::kOriginal;
    const auto wanted = is_original ? session.overwrites().wanted(reply.asker()) : std::nullopt;
    // Whoever writes through a symbolic link means what it leads to, which is looked up next.
    if (wanted && !S_ISLNK(attributes_of(*node).mode))
      node = to_be_written(session, reply, *directory, EntryName(text), node, *wanted);
  }
  const Timeouts& timeouts = session.options().timeouts;
  const auto attributes = node ? node->attributes() : std::nullopt;
  fuse_entry_param entry{};  // number 0: there is no such name, and the kernel may remember that
  if (attributes) entry = to_entry(*attributes, session.options().owner, timeouts);
  if (!attributes) entry.entry_timeout = directory->may_cache_absence() ? entry_timeout(text, timeouts) : 0;
  if (attributes && attributes->is_cacheable) {
    entry.entry_timeout = directory->may_cache_entries() ? entry_timeout(text, timeouts) : 0;
  }

  if (attributes) session.inodes().looked_up(attributes->node, node);  // first, or a forget could overtake it
  if (!reply.entry(entry) && attributes) session.inodes().forget(attributes->node, 1);
}

void forget(Session& session, Reply& reply, fuse_ino_t number, uint64_t times) {
  session.inodes().forget(NodeId(number), times);
  reply.none();
}

void forget_multi(Session& session, Reply& reply, size_t count, fuse_forget_data* forgets) {
  for (const fuse_forget_data& one : std::span(forgets, count)) {
    session.inodes().forget(NodeId(one.ino), one.nlookup);
  }
  reply.none();
}

void getattr(Session& session, Reply& reply, fuse_ino_t number, fuse_file_info*) {
  const NodeRef node = find_node(session, number);
  const Attributes attributes = attributes_of(*node);
  reply.attr(to_stat(attributes, session.options().owner),
             attributes.is_cacheable ? session.options().timeouts.attributes : 0);
}

void readlink(Session& session, Reply& reply, fuse_ino_t number) {
  const NodeRef node = find_node(session, number);
  require_shown(session, reply, *node, Wanted::kName);
  reply.link_target(node->link_target());
}

void statfs(Session& session, Reply& reply, fuse_ino_t) {
  struct statvfs volume {};
  if (::statvfs(session.options().library.c_str(), &volume) != 0) throw_errno(errno, "cannot ask for free space");
  volume.f_namemax = kMaxNameBytes;
  reply.statfs(volume);
}

void getxattr(Session& session, Reply& reply, fuse_ino_t number, const char* name, size_t size) {
  const NodeRef node = find_node(session, number);
  require_shown(session, reply, *node, Wanted::kBytes);
  const auto value = node->xattr(name);
  if (!value) return reply.error(ENODATA);
  reply_xattr(reply, *value, size);
}

void listxattr(Session& session, Reply& reply, fuse_ino_t number, size_t size) {
  const NodeRef node = find_node(session, number);
  require_shown(session, reply, *node, Wanted::kName);
  std::string names;
  for (const std::string& name : node->xattr_names()) names.append(name).push_back('\0');
  reply_xattr(reply, names, size);
}

}  // namespace damfs::op
