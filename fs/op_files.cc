// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The ops on open files.

#include <fcntl.h>

#include <cerrno>
#include <memory>

#include "catalog/base/error.h"
#include "fs/asker.h"
#include "fs/op_table.h"

namespace damfs::op {
namespace {

OpenFileRef find_file(Session& session, const fuse_file_info& file) {
  auto found = session.files().find(file.fh);
  if (!found) fail(EBADF, "there is no open file {}", file.fh);
  return found;
}

}  // namespace

void open(Session& session, Reply& reply, fuse_ino_t number, fuse_file_info* file) {
  if ((file->flags & O_ACCMODE) != O_RDONLY || (file->flags & O_TRUNC) != 0) return reply.error(EROFS);
  const auto kind = NodeId(number).file_kind();
  OpenRequest request;
  if (kind != NodeId::FileKind::kOriginal) request.reader = process_of(reply.asker());
  const auto handle = std::make_shared<OpenFile>(find_node(session, number)->open(request));
  handle->way = session.passthrough().way(NodeId(number), handle->content->passthrough_fd());
  const int backing = handle->way ? handle->way->backing_id() : 0;
  file->keep_cache = handle->content->is_immutable();
  // Closing is of interest only where a read may be awaited for long, see flush.
  file->noflush = kind == NodeId::FileKind::kOriginal || kind == NodeId::FileKind::kControl;
  file->fh = session.files().add(handle);
  const bool taken = backing > 0 ? reply.open(*file, backing) : reply.open(*file);
  if (!taken) session.files().remove(file->fh);
}

void read(Session& session, Reply& reply, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file) {
  auto handle = find_file(session, *file);
  if (offset < 0) return reply.error(EINVAL);
  PendingRead::start(std::move(reply), session.reads(), std::move(handle), static_cast<uint64_t>(offset), size);
}

// A program closes a file, or was killed. The kernel reads ahead in the background, where it neither waits nor
// interrupts, so this is how one learns that nobody waits any more. Only what the closing thread itself, or one
// that is ending, asked for is dropped: others may share the handle; and who still wants such a page asks again.
void flush(Session& session, Reply& reply, fuse_ino_t, fuse_file_info* file) {
  const auto handle = find_file(session, *file);
  session.reads()->closing(*handle, reply.asker());
  reply.ok();
}

void release(Session& session, Reply& reply, fuse_ino_t, fuse_file_info* file) {
  const auto last = session.files().remove(file->fh);  // the content may go, after the kernel has its answer
  reply.ok();
}

}  // namespace damfs::op
