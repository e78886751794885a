// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/media/pack.h"
#include "catalog/media/worker/archive/member_names.h"

struct zip;
struct zip_file;

namespace damfs::worker {

// Whether the file ends as archives do, whatever it begins with.
bool ends_like_an_archive(std::span<const uint8_t> bytes);

// A zip, read through libzip from memory that outlives it. What stands in front of it (a program that unpacks it) is
// passed over.
class ZipArchive {
 public:
  // Throws Error(EINVAL) for one whose directory cannot be read.
  explicit ZipArchive(std::span<const uint8_t> bytes);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  // Names that are not UTF-8, and are not said to be, are read in that charset from now on, where they are possible in
  // it; kAutoCharset: in the one that all of them together are most likely in. Else, and until then, in CP437.
  NamesRead read_names_as(std::string_view charset);

  size_t size() const;                               // how many members
  std::optional<std::string> path(size_t index);     // as PackMember has it; empty: it has none
  PackMember member(size_t index);                   // all but where it lies
  std::optional<int64_t> data_offset(size_t index);  // in `bytes`; empty: its own header is damaged

  // Reads a member through whatever libzip knows to read. Throws Error(EINVAL) for what it does not, and for damage.
  class Stream {
   public:
    Stream(ZipArchive& archive, size_t index);
    size_t read(std::span<uint8_t> buffer);  // 0: its end

   private:
    friend class ZipArchive;
    struct Close {
      void operator()(zip_file* file) const;
    };
    std::unique_ptr<zip_file, Close> file_;
  };

 private:
  struct Bytes;
  struct Discard {
    void operator()(zip* archive) const;
  };
  static std::unique_ptr<zip, Discard> open(Bytes& bytes, std::string& complaint);

  std::unique_ptr<Bytes> bytes_;
  std::unique_ptr<zip, Discard> archive_;
  std::optional<Decoder> decoder_;
};

}  // namespace damfs::worker
