// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include "catalog/base/numbers.h"

namespace damfs {

// The inode number of everything in the mount. It is computed from catalogued ids alone, so it is the same in
// every mount and for ever, any number of a former daemon's life can be resolved, and no file needs an entry
// in a table. The id stands in the highest bits and kinds in the lowest, so that numbers also stay unique in
// their low 32 bits up to some millions of assets (desktop indexers truncate them).
//
//   file       id … | profile:5 | kind:3 | 0      id: version (originals, derived), control file, folder (collage),
//                                               member of an archive …; of kMore the profile says which kind it is
//   directory  key … | lens:5 | view:5 | 1        key: the view's own id of the folder, 0 for its top
//
// The root is the directory with key, lens and view 0: the number 1, as FUSE wants it.
class NodeId {
 public:
  using FileKind = damfs::FileKind;
  using More = MoreKind;

  constexpr NodeId() = default;
  explicit constexpr NodeId(uint64_t value) : value_(value) {}

  static constexpr NodeId root() { return NodeId(1); }
  static constexpr NodeId file(FileKind kind, unsigned profile, int64_t id) {
    return NodeId(static_cast<uint64_t>(id) << 9 | (profile & 31U) << 4 | static_cast<unsigned>(kind) << 1);
  }
  static constexpr NodeId file(More kind, int64_t id) { return file(FileKind::kMore, static_cast<unsigned>(kind), id); }
  static constexpr NodeId directory(unsigned view, unsigned lens, int64_t key) {
    return NodeId(static_cast<uint64_t>(key) << 11 | (lens & 31U) << 6 | (view & 31U) << 1 | 1U);
  }

  constexpr uint64_t value() const { return value_; }
  constexpr bool is_directory() const { return (value_ & 1U) != 0; }

  // Of a file:
  constexpr FileKind file_kind() const { return static_cast<FileKind>(value_ >> 1 & 7U); }
  constexpr unsigned profile() const { return value_ >> 4 & 31U; }
  constexpr bool is(More kind) const {
    return file_kind() == FileKind::kMore && profile() == static_cast<unsigned>(kind);
  }
  constexpr int64_t file_id() const { return static_cast<int64_t>(value_ >> 9); }
  // Of a directory:
  constexpr unsigned view() const { return value_ >> 1 & 31U; }
  constexpr unsigned lens() const { return value_ >> 6 & 31U; }
  constexpr int64_t key() const { return static_cast<int64_t>(value_ >> 11); }

  friend constexpr bool operator==(NodeId, NodeId) = default;

 private:
  uint64_t value_ = 0;
};

}  // namespace damfs

template <>
struct std::hash<damfs::NodeId> {
  size_t operator()(damfs::NodeId id) const noexcept { return std::hash<uint64_t>{}(id.value()); }
};
