// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/member_stream.h"

#include <zlib.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/worker/archive/deflate_stream.h"
#include "catalog/media/worker/archive/zip_archive.h"

namespace damfs::worker {
namespace {

class Inflating final : public MemberStream {
 public:
  template <typename... Arguments>
  explicit Inflating(const Arguments&... arguments) : stream_(arguments...) {}
  size_t read(std::span<uint8_t> buffer) override { return stream_.read(buffer); }

 private:
  DeflateStream stream_;
};

class Unpacking final : public MemberStream {
 public:
  Unpacking(std::span<const uint8_t> bytes, size_t index) : archive_(bytes), stream_(archive_, index) {}
  size_t read(std::span<uint8_t> buffer) override {
    size_t n = 0;
    while (n < buffer.size()) {
      const size_t some = stream_.read(buffer.subspan(n));
      if (some == 0) break;
      n += some;
    }
    return n;
  }

 private:
  ZipArchive archive_;
  ZipArchive::Stream stream_;
};

}  // namespace

void check_member(const MemberRequest& member, int64_t source_size) {
  const auto is_within = [source_size](int64_t offset, int64_t size) {
    return offset >= 0 && size >= 0 && offset <= source_size && size <= source_size - offset;
  };
  const bool possible = member.size > 0 && member.entry >= 0 && is_within(member.offset, member.stored_size) &&
                        is_within(member.archive_offset, member.archive_size);
  if (!possible) fail(EPROTO, "a member that cannot be");
}

std::span<const uint8_t> stored_bytes(const MemberRequest& member, const Source& source) {
  return source.bytes().subspan(static_cast<size_t>(member.offset), static_cast<size_t>(member.stored_size));
}

std::unique_ptr<MemberStream> MemberStream::from_beginning(const MemberRequest& member, const Source& source) {
  if (member.method == kDeflated) return std::make_unique<Inflating>(stored_bytes(member, source));
  const auto archive =
      source.bytes().subspan(static_cast<size_t>(member.archive_offset), static_cast<size_t>(member.archive_size));
  return std::make_unique<Unpacking>(archive, static_cast<size_t>(member.entry));
}

std::unique_ptr<MemberStream> MemberStream::from(const Checkpoint& checkpoint, std::string_view window,
                                                 const MemberRequest& member, const Source& source) {
  return std::make_unique<Inflating>(stored_bytes(member, source), checkpoint, window);
}

MemberSource::MemberSource(const MemberRequest& member, const Source& source) {
  check_member(member, source.size());
  if (member.method == kStored) {
    member_ = std::make_unique<Source>(stored_bytes(member, source));
    return;
  }
  if (member.size > kMostInMemory) fail(EINVAL, "it is too large to be unpacked in memory: {} bytes", member.size);
  unpacked_.resize(static_cast<size_t>(member.size));
  if (MemberStream::from_beginning(member, source)->read(unpacked_) < unpacked_.size()) {
    fail(EINVAL, "it holds fewer than the {} bytes it declares", member.size);
  }
  const auto crc = static_cast<uint32_t>(::crc32_z(0, unpacked_.data(), unpacked_.size()));
  if (crc != member.crc) fail(EINVAL, "its CRC-32 is {:08x}, and the archive says {:08x}", crc, member.crc);
  member_ = std::make_unique<Source>(std::span<const uint8_t>(unpacked_));
}

}  // namespace damfs::worker
