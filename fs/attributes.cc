// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/attributes.h"

#include <algorithm>

#include "catalog/base/file.h"
#include "views/originals/originals_view.h"

namespace damfs {
namespace {

constexpr uint64_t kStatBlock = 512;        // the unit of st_blocks, whatever the file system
constexpr blksize_t kReadSize = 128 << 10;  // what tools should read at once

// The root is entered by whoever looks for originals/.
bool is_for_all(NodeId directory) {
  return directory == NodeId::root() || (directory.view() == ViewCode::kOriginals && directory.lens() == 0);
}

}  // namespace

struct stat to_stat(const Attributes& attributes, Owner owner) noexcept {
  struct stat st {};
  st.st_ino = attributes.inode == NodeId() ? attributes.node.value() : attributes.inode.value();
  st.st_mode = attributes.mode;
  if (owner.is_private && attributes.node.is_directory() && !is_for_all(attributes.node)) st.st_mode &= ~mode_t{0077};
  st.st_nlink = attributes.nlink;
  st.st_uid = attributes.uid.value_or(owner.uid);
  st.st_gid = attributes.gid.value_or(owner.gid);
  st.st_size = static_cast<off_t>(attributes.size);
  // Programs look for holes where this is less than the size; of none at all some take it that there is nothing.
  const uint64_t room =
      std::max<uint64_t>(attributes.data_bytes.value_or(attributes.size), attributes.size > 0 ? 1 : 0);
  st.st_blocks = static_cast<blkcnt_t>((room + kStatBlock - 1) / kStatBlock);
  st.st_blksize = kReadSize;
  st.st_mtim = to_timespec(attributes.mtime_ns);
  st.st_ctim = to_timespec(attributes.ctime_ns);
  st.st_atim = st.st_mtim;  // reads are not recorded
  return st;
}

fuse_entry_param to_entry(const Attributes& attributes, Owner owner, const Timeouts& timeouts) noexcept {
  fuse_entry_param entry{};
  entry.ino = attributes.node.value();
  entry.generation = 0;  // numbers are never recycled, and NFS wants it constant
  entry.attr = to_stat(attributes, owner);
  entry.attr_timeout = attributes.is_cacheable ? timeouts.attributes : 0;
  entry.entry_timeout = attributes.is_cacheable ? timeouts.entry : 0;
  return entry;
}

double entry_timeout(std::string_view name, const Timeouts& timeouts) noexcept {
  const bool one_spelling = std::all_of(name.begin(), name.end(), [](char c) { return (c & 0x80) == 0; });
  return one_spelling ? timeouts.entry : timeouts.other_spelling;
}

}  // namespace damfs
