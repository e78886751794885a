// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/clip/clip_index.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <span>
#include <type_traits>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/av_input.h"

namespace damfs::worker {
namespace {

static_assert(std::endian::native == std::endian::little, "the index is written as it lies in memory");
static_assert(sizeof(KeyFrameIndex::Entry) == 16 && std::is_trivially_copyable_v<KeyFrameIndex::Entry>);

struct Head {
  char magic[8] = {'d', 'a', 'm', 'f', 's', 'K', 'F', '1'};  // its last character is the version
  int64_t source_size = 0;
  uint64_t count = 0;
};

constexpr uint64_t kMaxEntries = 1U << 24;  // a key frame a frame, for a day and a half

bool earlier(const KeyFrameIndex::Entry& a, const KeyFrameIndex::Entry& b) { return a.time < b.time; }

std::vector<KeyFrameIndex::Entry> key_frames(const Source& source) {
  MediaInput input(source);
  input.find_streams();
  const AVStream* video = input.best(AVMEDIA_TYPE_VIDEO);
  if (video == nullptr) fail(EINVAL, "no moving picture is in it");
  std::vector<KeyFrameIndex::Entry> entries;
  int64_t newest = -1;
  int64_t before = -1;  // the last position in front of the newest
  walk_packets(input.get(), video, [&](const AVPacket& packet) {
    const int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (packet.pos > newest) before = std::exchange(newest, packet.pos);
    // A frame that begins inside a stream's packet has no position of its own: the packet lies before it anyway.
    const int64_t position = packet.pos < 0 || before < 0 ? newest : before;
    const bool usable = (packet.flags & AV_PKT_FLAG_KEY) != 0 && position >= 0 && time != AV_NOPTS_VALUE;
    if (usable && entries.size() < kMaxEntries) entries.push_back({time, position});
  });
  std::stable_sort(entries.begin(), entries.end(), earlier);
  return entries;
}

bool read_whole(int fd, std::span<std::byte> bytes, uint64_t offset) {
  return pread_some(fd, bytes, offset, "the key-frame index") == bytes.size();
}

}  // namespace

int64_t KeyFrameIndex::build(const Source& source, int output) {
  const std::vector<Entry> entries = key_frames(source);
  Head head;
  head.source_size = source.size();
  head.count = entries.size();
  write_all(output, std::as_bytes(std::span(&head, 1)), "the key-frame index");
  write_all(output, std::as_bytes(std::span(entries)), "the key-frame index");
  return static_cast<int64_t>(sizeof head + entries.size() * sizeof(Entry));
}

std::optional<KeyFrameIndex> KeyFrameIndex::read(int fd, int64_t source_size) {
  Head head;
  if (!read_whole(fd, std::as_writable_bytes(std::span(&head, 1)), 0)) return std::nullopt;
  const Head expected;
  if (std::memcmp(head.magic, expected.magic, sizeof head.magic) != 0 || head.source_size != source_size ||
      head.count > kMaxEntries) {
    return std::nullopt;
  }
  KeyFrameIndex index;
  index.entries_.resize(head.count);
  if (!read_whole(fd, std::as_writable_bytes(std::span(index.entries_)), sizeof head)) return std::nullopt;
  const auto lies_outside = [&](const Entry& entry) { return entry.position < 0 || entry.position >= source_size; };
  if (std::any_of(index.entries_.begin(), index.entries_.end(), lies_outside) ||
      !std::is_sorted(index.entries_.begin(), index.entries_.end(), earlier)) {
    return std::nullopt;
  }
  return index;
}

const KeyFrameIndex::Entry* KeyFrameIndex::before(int64_t time, size_t back) const {
  const auto behind = std::upper_bound(entries_.begin(), entries_.end(), Entry{time, 0}, earlier);
  const auto earlier_ones = static_cast<size_t>(std::distance(entries_.begin(), behind));
  return back < earlier_ones ? &entries_[earlier_ones - 1 - back] : nullptr;
}

}  // namespace damfs::worker
