// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fuse_lowlevel.h>

#include <exception>
#include <string_view>

#include "fs/reply.h"
#include "fs/session.h"

namespace damfs {

// One row for each thing the kernel can ask. A row counts, calls its op, and turns whatever the op throws into
// the one reply; so an op only finds its node, calls it once and packs the answer. Not in the table, so that
// libfuse answers ENOSYS and the kernel does it alone and asks no more: access (default_permissions), locks, ioctl,
// poll, bmap.
const fuse_lowlevel_ops& op_table();

// The node the kernel means. Throws ESTALE when it is gone, so that a path that led there is looked up afresh.
NodeRef find_node(Session& session, fuse_ino_t number);
Attributes attributes_of(const Node& node);  // likewise
// Of what an op threw, in its handler: told to people where it is worth it. The errno to answer.
int refusal(Session& session, std::string_view what, const std::exception& error);
// Throws EACCES where the asker may not see that (NodeSource::shows). What the inode's own mode says, the kernel has
// looked at.
void require_shown(const Session& session, const Reply& reply, const Node& node, Wanted wanted);

// The entry of a file that there is not, where something is announced of a name alone: a number that nothing has, and
// nothing of it is cached.
fuse_entry_param ghost(const Session& session);

// What our own process announces with this request (announcer.h), which is answered and not done. Throws EPERM where it
// is that process, and asks for anything else. Empty: it is somebody else.
std::optional<Announcer::Item> announced(const Session& session, const Reply& reply, fuse_ino_t parent,
                                         std::string_view name);

namespace op {

void lookup(Session&, Reply&, fuse_ino_t parent, const char* name);
void forget(Session&, Reply&, fuse_ino_t number, uint64_t times);
void forget_multi(Session&, Reply&, size_t count, fuse_forget_data* forgets);
void getattr(Session&, Reply&, fuse_ino_t number, fuse_file_info*);
void statfs(Session&, Reply&, fuse_ino_t);
void readlink(Session&, Reply&, fuse_ino_t number);
void getxattr(Session&, Reply&, fuse_ino_t number, const char* name, size_t size);
void listxattr(Session&, Reply&, fuse_ino_t number, size_t size);

void open(Session&, Reply&, fuse_ino_t number, fuse_file_info* file);
void read(Session&, Reply&, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file);
void flush(Session&, Reply&, fuse_ino_t, fuse_file_info* file);
void release(Session&, Reply&, fuse_ino_t, fuse_file_info* file);

void write(Session&, Reply&, fuse_ino_t, const char* data, size_t size, off_t offset, fuse_file_info* file);
void fallocate(Session&, Reply&, fuse_ino_t, int mode, off_t offset, off_t size, fuse_file_info* file);
void copy_file_range(Session&, Reply&, fuse_ino_t, off_t from, fuse_file_info* source, fuse_ino_t, off_t to,
                     fuse_file_info* file, size_t size, int flags);
void lseek(Session&, Reply&, fuse_ino_t number, off_t offset, int whence, fuse_file_info* file);
void fsync(Session&, Reply&, fuse_ino_t, int datasync, fuse_file_info* file);

void setattr(Session&, Reply&, fuse_ino_t number, struct stat* wanted, int what, fuse_file_info* file);
void create(Session&, Reply&, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* file);
void mknod(Session&, Reply&, fuse_ino_t parent, const char* name, mode_t mode, dev_t);
void mkdir(Session&, Reply&, fuse_ino_t parent, const char* name, mode_t mode);
void unlink(Session&, Reply&, fuse_ino_t parent, const char* name);
void rmdir(Session&, Reply&, fuse_ino_t parent, const char* name);
void symlink(Session&, Reply&, const char* target, fuse_ino_t parent, const char* name);
void rename(Session&, Reply&, fuse_ino_t parent, const char* name, fuse_ino_t to_parent, const char* to,
            unsigned flags);
void link(Session&, Reply&, fuse_ino_t number, fuse_ino_t parent, const char* name);
void setxattr(Session&, Reply&, fuse_ino_t number, const char* name, const char* value, size_t size, int flags);
void removexattr(Session&, Reply&, fuse_ino_t number, const char* name);
void fsyncdir(Session&, Reply&, fuse_ino_t, int datasync, fuse_file_info* file);

Actor actor_of(const Session& session, const Reply& reply);

void opendir(Session&, Reply&, fuse_ino_t number, fuse_file_info* file);
void readdir(Session&, Reply&, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file);
void readdirplus(Session&, Reply&, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file);
void releasedir(Session&, Reply&, fuse_ino_t, fuse_file_info* file);

}  // namespace op
}  // namespace damfs
