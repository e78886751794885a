// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The ops that change directories and attributes.

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <functional>
#include <memory>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/exact_time.h"
#include "fs/asker.h"
#include "fs/op_table.h"
#include "fs/owed_answer.h"

namespace damfs::op {
namespace {

constexpr uint32_t kPermissions = 07777;

void reply_entry(Session& session, Reply& reply, const NodeRef& node, const Timeouts& timeouts) {
  const Attributes attributes = attributes_of(*node);
  const auto entry = to_entry(attributes, session.options().owner, timeouts);
  session.inodes().looked_up(attributes.node, node);  // first, or a forget could overtake it
  if (!reply.entry(entry)) session.inodes().forget(attributes.node, 1);
}

void reply_entry(Session& session, Reply& reply, const NodeRef& node) {
  reply_entry(session, reply, node, session.options().timeouts);
}

// As if it had just been made. What is said of a node that was made the kernel takes for the newest, even when somebody
// wrote to it meanwhile and was answered first: it would have an old size, and the next append would go there. So a
// file is told of as another, which the next lookup of that name replaces, and nothing else is cached.
void reply_announced(Session& session, Reply& reply, fuse_ino_t parent, const char* name) {
  const NodeRef node = find_node(session, parent)->lookup(EntryName(name));
  if (!node) return reply.error(ENOENT);  // it went again
  if (S_ISREG(attributes_of(*node).mode)) return static_cast<void>(reply.entry(ghost(session)));
  reply_entry(session, reply, node, Timeouts{.attributes = 0, .entry = 0, .other_spelling = 0});
}

AttributeChange change_of(const struct stat& wanted, int what) {
  AttributeChange change;
  if ((what & FUSE_SET_ATTR_MODE) != 0) change.mode = wanted.st_mode & kPermissions;
  if ((what & FUSE_SET_ATTR_UID) != 0) change.uid = wanted.st_uid;
  if ((what & FUSE_SET_ATTR_GID) != 0) change.gid = wanted.st_gid;
  if ((what & FUSE_SET_ATTR_SIZE) != 0) change.size = static_cast<uint64_t>(wanted.st_size);
  if ((what & FUSE_SET_ATTR_MTIME) != 0) {
    change.mtime_ns = exact_ns(wanted.st_mtim);
    if (!change.mtime_ns) fail(EOVERFLOW, "times are kept from the year 1677 to 2262");
  }
  if ((what & FUSE_SET_ATTR_MTIME_NOW) != 0) change.mtime_ns = now_ns();
  return change;
}

// Others (ACLs, capabilities) are kept nowhere here, and whoever asks is to go on without.
bool is_kept(std::string_view xattr) { return xattr.starts_with("user."); }

bool is_empty(const AttributeChange& change) {
  return !change.mode && !change.uid && !change.gid && !change.size && !change.mtime_ns;
}

}  // namespace

Actor actor_of(const Session& session, const Reply& reply) {
  const fuse_ctx* context = fuse_req_ctx(reply.request());
  const Program program = program_of(context->pid);
  Actor actor{.uid = context->uid, .gid = context->gid, .program = program.id, .name = program.name};
  actor.is_owner = context->uid == session.options().owner.uid;
  return actor;
}

namespace {

// What a file became when it was kept may have another number; whoever asked still means the one that it was.
NodeRef find_or(Session& session, NodeId id, const NodeRef& node) {
  NodeRef now = session.inodes().find(id);
  if (now && now->attributes()) return now;
  if (!node) fail(ESTALE, "there is no node {} any more", id.value());
  return node;
}

void answer_attributes(OwedAnswer& owed, const Node& node) {
  Session& session = owed.session();
  const Attributes shown = attributes_of(node);
  owed.reply().attr(to_stat(shown, session.options().owner),
                    shown.is_cacheable ? session.options().timeouts.attributes : 0);
  session.changed();
}

// The size comes first, and may take long; then all else.
void change_attributes(const OwedAnswerRef& owed, NodeId id, const NodeRef& node, const Actor& actor,
                       const AttributeChange& change, const std::function<void(Done)>& resize) {
  const auto rest = [owed, id, node, actor, change](int error) {
    if (error != 0) return owed->give(error);
    answer_errors(*owed, [&] {
      AttributeChange others = change;
      others.size.reset();
      const NodeRef target = change.size || !node ? find_or(owed->session(), id, node) : node;
      if (!is_empty(others)) target->set_attributes(actor, others);
      // The kernel takes it for a change of this number alone.
      if (target->id() != id || target->is_written_elsewhere()) owed->session().await_invalidation();
      answer_attributes(*owed, *find_or(owed->session(), id, node));
    });
  };
  if (!change.size) return rest(0);
  resize(rest);
}

}  // namespace

void setattr(Session& session, Reply& reply, fuse_ino_t number, struct stat* wanted, int what, fuse_file_info* file) {
  const NodeId id(number);
  if (announced(session, reply, number, "")) {
    const Attributes shown = attributes_of(*find_node(session, number));
    return reply.attr(to_stat(shown, session.options().owner), 0);
  }
  const AttributeChange change = change_of(*wanted, what);
  const auto handle = file != nullptr && change.size ? session.files().find(file->fh) : nullptr;
  const NodeRef node = session.inodes().find(id);
  if (node && !handle && !is_empty(change)) require_shown(session, reply, *node, Wanted::kName);
  const Actor actor = actor_of(session, reply);
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    change_attributes(owed, id, node, actor, change, [&](Done done) {
      if (handle) return handle->content->truncate(*change.size, std::move(done));  // ftruncate
      try {
        if (!node) fail(ESTALE, "there is no node {} any more", number);
        node->set_size(actor, *change.size, done);
      } catch (const Error& error) {
        if (error.code() != ESTALE) throw;
        const auto answer = session.overwrites().wants(owed->reply().asker(), id);
        const NodeRef next = answer.comes_by_number && node ? node->overwrite_by_number(actor) : nullptr;
        if (!next) return owed->give(answer.error != 0 ? answer.error : ESTALE);
        next->set_size(actor, *change.size, std::move(done));
      }
    });
  });
}

void create(Session& session, Reply& reply, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* file) {
  const NodeRef directory = find_node(session, parent);
  // The kernel knew of no file of that name; by another mount, or the command line, there may be one since.
  if ((file->flags & O_EXCL) != 0 && directory->lookup(EntryName(name))) return reply.error(EEXIST);
  const auto created = directory->create(actor_of(session, reply), EntryName(name), mode & kPermissions);
  if ((file->flags & O_TRUNC) != 0 && attributes_of(*created.node).size != 0) {
    created.content->truncate(0, [](int) {});  // whoever closes it is told when it failed
  }
  const auto handle = std::make_shared<OpenFile>(created.content);
  handle->way = session.passthrough().way(created.node->id(), -1);
  const auto entry = to_entry(attributes_of(*created.node), session.options().owner, session.options().timeouts);
  file->keep_cache = 1;
  file->fh = session.files().add(handle);
  if (!reply.create(entry, *file)) session.files().remove(file->fh);
}

void mknod(Session& session, Reply& reply, fuse_ino_t parent, const char* name, mode_t mode, dev_t) {
  const NodeRef directory = find_node(session, parent);
  if (announced(session, reply, parent, name)) return reply_announced(session, reply, parent, name);
  if (!S_ISREG(mode)) fail(EPERM, "pipes, sockets and devices are no files to keep");
  const Actor actor = actor_of(session, reply);
  const auto created = directory->create(actor, EntryName(name), mode & kPermissions);
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    created.content->close(actor, [owed, created](int error) {
      if (error != 0) return owed->give(error);
      created.content->released();
      answer_errors(*owed, [&] { reply_entry(owed->session(), owed->reply(), created.node); });
      owed->session().changed();
    });
  });
}

void mkdir(Session& session, Reply& reply, fuse_ino_t parent, const char* name, mode_t mode) {
  if (announced(session, reply, parent, name)) return reply_announced(session, reply, parent, name);
  const NodeRef directory = find_node(session, parent);
  reply_entry(session, reply, directory->mkdir(actor_of(session, reply), EntryName(name), mode & kPermissions));
  session.changed();
}

void unlink(Session& session, Reply& reply, fuse_ino_t parent, const char* name) {
  if (announced(session, reply, parent, name)) return reply.ok();
  find_node(session, parent)->unlink(actor_of(session, reply), EntryName(name));
  reply.ok();
  session.changed();
}

void rmdir(Session& session, Reply& reply, fuse_ino_t parent, const char* name) {
  find_node(session, parent)->rmdir(actor_of(session, reply), EntryName(name));
  reply.ok();
  session.changed();
}

void symlink(Session& session, Reply& reply, const char* target, fuse_ino_t parent, const char* name) {
  if (announced(session, reply, parent, name)) return reply_announced(session, reply, parent, name);
  reply_entry(session, reply, find_node(session, parent)->symlink(actor_of(session, reply), EntryName(name), target));
  session.changed();
}

void rename(Session& session, Reply& reply, fuse_ino_t parent, const char* name, fuse_ino_t to_parent, const char* to,
            unsigned flags) {
  if ((flags & ~RENAME_NOREPLACE) != 0) return reply.error(EINVAL);
  const NodeRef from = find_node(session, parent);
  const NodeRef into = find_node(session, to_parent);
  from->rename(actor_of(session, reply), EntryName(name), *into, EntryName(to),
               flags != 0 ? Node::Replace::kNever : Node::Replace::kAllowed);
  reply.ok();
  session.changed();
}

void link(Session& session, Reply& reply, fuse_ino_t number, fuse_ino_t parent, const char* name) {
  const NodeRef file = find_node(session, number);
  require_shown(session, reply, *file, Wanted::kName);
  const NodeRef linked = find_node(session, parent)->link(actor_of(session, reply), *file, EntryName(name));
  if (!linked) fail(ESTALE, "there is no node {} any more", number);
  reply_entry(session, reply, linked);
  session.changed();
}

void setxattr(Session& session, Reply& reply, fuse_ino_t number, const char* name, const char* value, size_t size,
              int flags) {
  Node::XattrFlag flag = Node::XattrFlag::kAny;
  if (flags == XATTR_CREATE) flag = Node::XattrFlag::kMustBeNew;
  if (flags == XATTR_REPLACE) flag = Node::XattrFlag::kMustExist;
  if (!is_kept(name)) return reply.error(EOPNOTSUPP);
  const NodeRef node = find_node(session, number);
  require_shown(session, reply, *node, Wanted::kName);
  node->set_xattr(actor_of(session, reply), name, std::string_view(value, size), flag);
  reply.ok();
  session.changed();
}

void removexattr(Session& session, Reply& reply, fuse_ino_t number, const char* name) {
  if (!is_kept(name)) return reply.error(EOPNOTSUPP);
  const NodeRef node = find_node(session, number);
  require_shown(session, reply, *node, Wanted::kName);
  if (!node->remove_xattr(actor_of(session, reply), name)) return reply.error(ENODATA);
  reply.ok();
  session.changed();
}

void fsyncdir(Session& session, Reply& reply, fuse_ino_t, int, fuse_file_info*) {
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    session.options().nodes.sync([owed](int error) { owed->give(error); });
  });
}

}  // namespace damfs::op
