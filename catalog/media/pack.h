// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/digest.h"
#include "catalog/media/charsets.h"
#include "catalog/media/geometry.h"

namespace damfs {

// The version of the index: raised when it finds more or other things of the same bytes.
inline constexpr int kPackRecipe = 3;

// Compression methods, by the numbers of APPNOTE 4.4.5.
inline constexpr uint16_t kStored = 0;
inline constexpr uint16_t kDeflated = 8;
std::string method_name(uint16_t method);  // "deflated"; "method 97" for one that nobody named

// What so many stored bytes can be when read, at the most; a directory declares what it likes.
int64_t most_unpacked(uint16_t method, int64_t stored_size);

// One entry of an archive's directory, as the worker found it. Names are the archive's own: whoever shows one, makes
// it safe first (pack_tree.h).
struct PackMember {
  enum class Type : uint8_t {
    kFile = 0,
    kFolder = 1,
    kLink = 2,
    kArchive = 3,  // a file whose members are in the index as well
  };
  std::string path;  // UTF-8, not empty, parts joined by '/'
  Type type = Type::kFile;
  uint16_t method = kStored;
  int64_t size = 0;         // bytes when read
  int64_t stored_size = 0;  // bytes in the archive
  int64_t offset = 0;       // of those, in the file that holds them: the innermost archive around it that is not stored
  uint32_t crc = 0;         // CRC-32 of what is read
  int64_t mtime_ns = 0;     // 0: not recorded
  std::optional<uint32_t> mode;  // permission bits; empty: not recorded
  int64_t archive = -1;          // number of the archive within the archive that it is in; -1: it is in none
  int64_t entry = 0;             // its number in its own archive's directory
  std::string problem;           // why it cannot be read (a sentence), or empty
  std::optional<Digest> sha256;  // of what is read, when it was asked for
  // Of what a still can be made of, by content; else empty. Of moving pictures and sound its first part says so.
  std::string mime;
  Raster still;  // what that shows before shrinking; else zero
};

// What is in an archive: its members in the directory's order, then those of the archives within, likewise.
using Pack = std::vector<PackMember>;
inline constexpr size_t kMaxMembers = (1U << 20) - 1;
inline constexpr int kMostArchivesDeep = 3;  // within each other, the outermost counted

// Where reading can begin in the middle of a deflated member: between two blocks, with the window of up to 32 KiB
// that stood before.
struct Checkpoint {
  uint32_t member = 0;  // its number
  uint32_t bits = 0;    // of the byte before `in` that belong to what follows: 0..7
  int64_t out = 0;      // position in what is read
  int64_t in = 0;       // in what is stored
  int64_t window = 0;   // where it stands in the index's file
  uint32_t window_size = 0;
  uint32_t unused = 0;
};

// The index of an archive is a file of the derived cache: windows, then checkpoints (by member and position), then
// members. It is written by one worker and read by others and by the program, which trusts nothing of it.
class PackIndexWriter {
 public:
  PackIndexWriter(int fd, int64_t source_size);
  // Checkpoints come in the order in which they are kept.
  void add(Checkpoint checkpoint, std::string_view window);
  // Ends the file; returns its size.
  int64_t finish(const Pack& members, const NamesRead& names);

 private:
  const int fd_;
  const int64_t source_size_;
  int64_t end_;
  std::vector<Checkpoint> checkpoints_;
};

class PackIndexReader {
 public:
  // Empty: that is no index of a source of that size.
  static std::optional<PackIndexReader> open(int fd, int64_t source_size);

  // Throws Error(EPROTO) for what cannot be: an odd name, bytes outside the archive.
  Pack members() const;
  NamesRead names() const;
  // The last checkpoint of the member at or before `out`; empty: read from its beginning.
  std::optional<Checkpoint> before(int64_t member, int64_t out) const;
  // The first one behind `out`; empty: there is none.
  std::optional<Checkpoint> behind(int64_t member, int64_t out) const;
  std::string window(const Checkpoint& checkpoint) const;

 private:
  struct Head {
    char magic[8];
    int64_t source_size;
    int64_t checkpoints, checkpoints_at;
    int64_t members, members_at;  // members_at: of the first one; their text follows them
    int64_t text_bytes;
    int32_t charset, runner_up;  // NamesRead: which of charsets(), counted from 1; 0: null
  };
  friend class PackIndexWriter;
  PackIndexReader(int fd, const Head& head) : fd_(fd), head_(head) {}
  Checkpoint checkpoint(int64_t index) const;
  int64_t count_up_to(int64_t member, int64_t out) const;  // those of all members before it, too

  int fd_;  // borrowed
  Head head_;
};

}  // namespace damfs
