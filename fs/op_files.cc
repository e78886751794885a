// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The ops on open files.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <thread>

#include "catalog/base/error.h"
#include "catalog/base/holes.h"
#include "fs/asker.h"
#include "fs/op_table.h"
#include "fs/owed_answer.h"

namespace damfs::op {
namespace {

OpenFileRef find_file(Session& session, const fuse_file_info& file) {
  auto found = session.files().find(file.fh);
  if (!found) fail(EBADF, "there is no open file {}", file.fh);
  return found;
}

}  // namespace

void open(Session& session, Reply& reply, fuse_ino_t number, fuse_file_info* file) {
  const auto kind = NodeId(number).file_kind();
  OpenRequest request;
  if (kind != NodeId::FileKind::kOriginal) request.reader = process_of(reply.asker());
  request.truncates = (file->flags & O_TRUNC) != 0;
  request.writes = request.truncates || (file->flags & O_ACCMODE) != O_RDONLY;
  const bool takes_writes = kind == NodeId::FileKind::kOriginal || kind == NodeId::FileKind::kMore;
  if (request.writes && !takes_writes) return reply.error(EROFS);
  if (request.writes) request.actor = actor_of(session, reply);
  NodeRef node;
  ContentRef content;
  ReadWayRef way;
  // Of one that was looked up by its name the kernel has the number of what is to be written.
  const auto is_others_number = [&] { return node->id() != NodeId(number); };
  // Before anything is begun or truncated.
  const auto require_no_reads_past = [&] {
    if (!request.writes) return;
    auto free_way = session.passthrough().way_for_writing(NodeId(number));
    if (!free_way) fail(ETXTBSY, "the kernel reads that version by itself, for whoever has it open");
    way = std::move(*free_way);
  };
  try {
    node = find_node(session, number);  // the state that somebody opened and left alone may just be gone
    const bool is_read = (file->flags & O_ACCMODE) != O_WRONLY;
    require_shown(session, reply, *node, is_read ? Wanted::kBytes : Wanted::kName);
    if (is_others_number()) require_no_reads_past();
    content = node->open(request);
  } catch (const Error& error) {
    if (error.code() != ESTALE || !request.writes) throw;
    const auto answer = session.overwrites().wants(reply.asker(), NodeId(number));
    if (!answer.comes_by_number || !node) return reply.error(answer.error != 0 ? answer.error : ESTALE);
    node = node->overwrite_by_number(request.actor);
    if (!node) return reply.error(ESTALE);
    require_no_reads_past();
    content = node->open(request);
  }
  const bool is_written = !attributes_of(*node).is_cacheable;
  const auto handle = std::make_shared<OpenFile>(std::move(content));
  handle->way = way ? std::move(way) : session.passthrough().way(NodeId(number), handle->content->passthrough_fd());
  const int backing = handle->way ? handle->way->backing_id() : 0;
  file->keep_cache = handle->content->is_immutable();
  // The pages that the kernel keeps are those of the sealed bytes.
  file->direct_io = handle->content->is_its_openers() || is_others_number();
  // Closing is of interest only where a read may be awaited for long, see flush.
  file->noflush = !is_written && !handle->content->answers_late() &&
                  (kind == NodeId::FileKind::kOriginal || kind == NodeId::FileKind::kControl);
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
  const Actor actor = actor_of(session, reply);
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    handle->content->close(actor, [owed, asked_on = std::this_thread::get_id()](int error) {
      // Whoever has closed a file may look for it anywhere at once. Where there was nothing to be kept, nothing
      // changed.
      if (error == 0 && asked_on != std::this_thread::get_id()) owed->session().await_invalidation();
      owed->give(error);
      owed->session().changed();
    });
  });
}

void write(Session& session, Reply& reply, fuse_ino_t, const char* data, size_t size, off_t offset,
           fuse_file_info* file) {
  if (offset < 0) return reply.error(EINVAL);
  const auto handle = find_file(session, *file);
  const auto bytes = std::as_bytes(std::span(data, size));
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    handle->content->write(static_cast<uint64_t>(offset), bytes, [owed, size](int error) {
      if (error != 0) return owed->give(error);
      owed->reply().written(size);
    });
  });
}

void fallocate(Session& session, Reply& reply, fuse_ino_t, int mode, off_t offset, off_t size, fuse_file_info* file) {
  if (offset < 0 || size <= 0) return reply.error(EINVAL);
  const auto handle = find_file(session, *file);
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    handle->content->allocate(mode, static_cast<uint64_t>(offset), static_cast<uint64_t>(size),
                              [owed](int error) { owed->give(error); });
  });
}

void copy_file_range(Session& session, Reply& reply, fuse_ino_t, off_t from, fuse_file_info* source, fuse_ino_t,
                     off_t to, fuse_file_info* file, size_t size, int) {
  if (from < 0 || to < 0) return reply.error(EINVAL);
  constexpr size_t kMost = size_t{1} << 30;  // the answer has 32 bits
  const auto input = find_file(session, *source);
  const auto output = find_file(session, *file);
  answer_later(session, reply, [&](const OwedAnswerRef& owed) {
    output->content->copy_from(input->content, static_cast<uint64_t>(from), static_cast<uint64_t>(to),
                               std::min(size, kMost), [owed](int error, size_t copied) {
                                 if (error != 0) return owed->give(error);
                                 owed->reply().written(copied);
                               });
  });
}

// SEEK_DATA and SEEK_HOLE; the kernel does all others by itself.
void lseek(Session& session, Reply& reply, fuse_ino_t number, off_t offset, int whence, fuse_file_info* file) {
  if (offset < 0 || (whence != SEEK_DATA && whence != SEEK_HOLE)) return reply.error(EINVAL);
  const auto handle = find_file(session, *file);
  const uint64_t size = attributes_of(*find_node(session, number)).size;
  const auto from = static_cast<uint64_t>(offset);
  const auto bytes = handle->content->holes_fd();
  std::optional<uint64_t> found;
  if (bytes) {
    found = whence == SEEK_DATA ? seek_data(bytes->get(), from, size) : seek_hole(bytes->get(), from, size);
  } else if (from < size) {
    found = whence == SEEK_DATA ? from : size;
  }
  if (!found) return reply.error(ENXIO);
  reply.offset(*found);
}

void fsync(Session& session, Reply& reply, fuse_ino_t, int, fuse_file_info* file) {
  const auto handle = find_file(session, *file);
  answer_later(session, reply,
               [&](const OwedAnswerRef& owed) { handle->content->sync([owed](int error) { owed->give(error); }); });
}

void release(Session& session, Reply& reply, fuse_ino_t, fuse_file_info* file) {
  const auto last = session.files().remove(file->fh);  // the content may go, after the kernel has its answer
  if (last) last->content->released();
  reply.ok();
}

}  // namespace damfs::op
