// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The ops on open directories.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "fs/op_table.h"

namespace damfs::op {
namespace {

// "." and ".." come first; a view's own cursor c stands behind them as c + 2.
constexpr off_t kAfterDot = 1;
constexpr off_t kAfterDotDot = 2;
constexpr size_t kLargestReply = 1U << 20;

enum class Style { kNames, kPlus };

// Packs entries as the kernel wants them, straight into the reply, with no allocation for each.
class PackedEntries final : public EntrySink {
 public:
  PackedEntries(Session& session, fuse_req_t request, size_t size, Style style)
      : session_(session),
        request_(request),
        style_(style),
        capacity_(std::min(size, kLargestReply)),
        buffer_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

  bool add(std::string_view name, const Attributes& attributes, Cursor next) override {
    if (name.size() > kMaxNameBytes) {
      log::error("an entry of {} bytes is too long a name to be shown", name.size());
      return true;
    }
    const auto entry = to_entry(attributes, session_.options().owner, session_.options().timeouts);
    if (!pack(name, entry, static_cast<off_t>(next) + kAfterDotDot)) return false;
    if (style_ == Style::kPlus && attributes.node.is_directory()) looked_up_.push_back(attributes.node);
    return true;
  }

  // "." and ".." do not count as looked up, which a node number of 0 tells the kernel.
  bool add_dot(std::string_view name, const Attributes& attributes, off_t next) {
    auto entry = to_entry(attributes, session_.options().owner, session_.options().timeouts);
    entry.ino = 0;
    return pack(name, entry, next);
  }

  bool is_empty() const { return used_ == 0; }
  bool is_full() const { return full_; }
  std::span<const char> packed() const { return {buffer_.get(), used_}; }
  std::span<const NodeId> looked_up() const { return looked_up_; }

 private:
  bool pack(std::string_view name, const fuse_entry_param& entry, off_t next) {
    std::array<char, kMaxNameBytes + 1> text;
    std::memcpy(text.data(), name.data(), name.size());
    text[name.size()] = '\0';
    char* const at = buffer_.get() + used_;
    const size_t left = capacity_ - used_;
    const size_t needed = style_ == Style::kPlus
                              ? fuse_add_direntry_plus(request_, at, left, text.data(), &entry, next)
                              : fuse_add_direntry(request_, at, left, text.data(), &entry.attr, next);
    full_ = needed > left;
    if (!full_) used_ += needed;
    return !full_;
  }

  Session& session_;
  fuse_req_t request_;
  Style style_;
  size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  bool full_ = false;
  std::vector<NodeId> looked_up_;  // directories only
};

void list_directory(Session& session, const Node& directory, off_t offset, PackedEntries& entries) {
  const auto attributes = directory.attributes();
  // Not ESTALE: the kernel looks a path up afresh upon that, but nobody reads a directory by its path.
  if (!attributes) fail(ENOENT, "that directory was removed while it was open");
  if (offset < kAfterDot && !entries.add_dot(".", *attributes, kAfterDot)) return;
  if (offset < kAfterDotDot) {
    const NodeRef parent = find_node(session, directory.parent().value());
    if (!entries.add_dot("..", attributes_of(*parent), kAfterDotDot)) return;
  }
  try {
    directory.list(static_cast<Cursor>(std::max(offset, kAfterDotDot) - kAfterDotDot), entries);
  } catch (const std::exception& error) {
    // What was already packed is true; the kernel comes back for the rest and meets the error then.
    if (entries.is_empty()) throw;
    log::debug("readdir stopped early: {}", error.what());
  }
}

void reply_entries(Session& session, Reply& reply, const fuse_file_info& file, size_t size, off_t offset, Style style) {
  const auto directory = session.directories().find(file.fh);
  if (!directory) fail(EBADF, "there is no open directory {}", file.fh);
  if (offset < 0) return reply.error(EINVAL);
  PackedEntries entries(session, reply.request(), size, style);
  list_directory(session, *directory, offset, entries);
  if (entries.is_empty() && entries.is_full()) return reply.error(EINVAL);  // an empty reply would mean the end

  session.inodes().looked_up(entries.looked_up());  // first, or a forget could overtake it
  if (!reply.entries(entries.packed())) {
    for (const NodeId id : entries.looked_up()) session.inodes().forget(id, 1);
  }
}

}  // namespace

void opendir(Session& session, Reply& reply, fuse_ino_t number, fuse_file_info* file) {
  if (!NodeId(number).is_directory()) return reply.error(ENOTDIR);
  const NodeRef directory = find_node(session, number);
  require_shown(session, reply, *directory, Wanted::kBytes);
  file->keep_cache = 1;
  file->cache_readdir = 1;
  file->fh = session.directories().add(directory);
  if (!reply.open(*file)) session.directories().remove(file->fh);
}

void readdir(Session& session, Reply& reply, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file) {
  reply_entries(session, reply, *file, size, offset, Style::kNames);
}

void readdirplus(Session& session, Reply& reply, fuse_ino_t, size_t size, off_t offset, fuse_file_info* file) {
  reply_entries(session, reply, *file, size, offset, Style::kPlus);
}

void releasedir(Session& session, Reply& reply, fuse_ino_t, fuse_file_info* file) {
  session.directories().remove(file->fh);
  reply.ok();
}

}  // namespace damfs::op
