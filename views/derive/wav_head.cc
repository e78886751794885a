// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <limits>

#include "views/derive/clip_head.h"

namespace damfs {
namespace {

class LittleEndian {
 public:
  LittleEndian& text(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  LittleEndian& number(uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xFFU);
    return *this;
  }
  LittleEndian& u16(uint64_t value) { return number(value, 2); }
  LittleEndian& u32(uint64_t value) { return number(value, 4); }
  LittleEndian& u64(uint64_t value) { return number(value, 8); }
  LittleEndian& zeros(size_t count) {
    out_.append(count, '\0');
    return *this;
  }
  size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

constexpr uint64_t kDs64 = 28;
constexpr uint64_t kExtensibleFormat = 40;
constexpr uint64_t kBroadcast = 602;
constexpr uint64_t kDataHeader = 8;
// KSDATAFORMAT_SUBTYPE_PCM behind its first two bytes.
constexpr std::string_view kPcmSubtype("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);

// EBU Tech 3285: the first sample's number since midnight, and nothing that is not known.
void put_start(uint64_t sample, LittleEndian& w) {
  constexpr size_t kWords = 256 + 32 + 32 + 10 + 8;  // description, originator, reference, date, time
  constexpr size_t kRest = 64 + 10 + 180;            // of version 1: what tells the material, and room
  w.text("bext").u32(kBroadcast).zeros(kWords).u64(sample).u16(1).zeros(kRest);
  static_assert(kWords + 8 + 2 + kRest == kBroadcast);
}

}  // namespace

uint64_t wav_head_room() { return 4096; }

std::string wav_head(const ClipHeadInput& input) {
  const ClipSound& track = input.facts.sound.front();
  const uint64_t data = input.sparse.runs.front().bytes;
  const bool is_long = input.size - 8 > std::numeric_limits<uint32_t>::max();
  const auto channels = static_cast<uint64_t>(track.channels);
  const auto rate = static_cast<uint64_t>(track.sample_rate);
  LittleEndian w;
  w.text(is_long ? "RF64" : "RIFF").u32(is_long ? 0xFFFFFFFF : input.size - 8).text("WAVE");
  if (is_long) {
    w.text("ds64").u32(kDs64).u64(input.size - 8).u64(data).u64(static_cast<uint64_t>(input.facts.samples)).u32(0);
  } else {
    w.text("JUNK").u32(kDs64).zeros(kDs64);
  }
  if (input.facts.timecode_frame >= 0) put_start(static_cast<uint64_t>(input.facts.timecode_frame), w);
  w.text("fmt ").u32(kExtensibleFormat).u16(0xFFFE).u16(channels).u32(rate).u32(rate * channels * 2).u16(channels * 2);
  w.u16(16).u16(22).u16(16).u32(track.layout <= 0x3FFFF ? track.layout : 0).u16(1).text(kPcmSubtype);
  // The samples begin on a page of their own.
  const uint64_t filler = input.head_bytes - w.size() - 8 - kDataHeader;
  w.text("JUNK").u32(filler).zeros(filler);
  w.text("data").u32(is_long ? 0xFFFFFFFF : data);
  return w.take();
}

}  // namespace damfs
