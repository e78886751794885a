// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/mp4_tracks.h"

#include <array>
#include <optional>

namespace damfs::worker {
namespace {

constexpr int kMostBoxes = 4096;  // in all: more are nobody's recording

class Boxes {
 public:
  Boxes(const ReadAt& read, uint64_t size) : read_(read), size_(size) {}

  std::vector<Mp4Track> tracks() {
    for_each(0, size_, [this](const Box& box) {
      if (box.type == four_characters("moov")) in_movie(box);
      return box.type != four_characters("moov");
    });
    if (!certain_) tracks_.clear();
    return std::move(tracks_);
  }

 private:
  struct Box {
    uint32_t type = 0;
    uint64_t at = 0, begin = 0, end = 0;
  };

  std::optional<uint64_t> number(uint64_t offset, size_t bytes) {
    std::array<std::byte, 8> buffer{};
    if (read_(std::span(buffer).first(bytes), offset) != bytes) return std::nullopt;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(buffer[i]);
    return value;
  }

  // The box that begins there; empty when it does not fit in what it is in.
  std::optional<Box> box(uint64_t at, uint64_t end) {
    const auto size = number(at, 4);
    const auto type = number(at + 4, 4);
    if (!size || !type) return std::nullopt;
    Box box{static_cast<uint32_t>(*type), at, at + 8, at + *size};
    if (*size == 0) box.end = end;  // to the end of what it is in
    if (*size == 1) {
      const auto large = number(at + 8, 8);
      if (!large || *large > end - at) return std::nullopt;
      box.begin = at + 16;
      box.end = at + *large;
    }
    if (box.end < box.begin || box.end > end) return std::nullopt;
    return box;
  }

  // `visit` says whether to go on.
  template <typename Visit>
  void for_each(uint64_t begin, uint64_t end, Visit visit) {
    for (uint64_t at = begin; at < end && end - at >= 8;) {
      const auto next = box(at, end);
      if (!next || ++boxes_ > kMostBoxes) {
        certain_ = false;
        return;
      }
      if (!visit(*next)) return;
      at = next->end;
    }
  }

  void in_movie(const Box& movie) {
    for_each(movie.begin, movie.end, [this](const Box& box) {
      if (box.type == four_characters("trak")) tracks_.push_back({static_cast<int64_t>(box.at + 4), handler_of(box)});
      if (box.type == four_characters("mvex") || box.type == four_characters("cmov")) certain_ = false;
      return true;
    });
  }

  uint32_t handler_of(const Box& track) {
    uint32_t handler = 0;
    for_each(track.begin, track.end, [&](const Box& media) {
      if (media.type != four_characters("mdia")) return true;
      for_each(media.begin, media.end, [&](const Box& box) {
        if (box.type != four_characters("hdlr") || box.end - box.begin < 12) return true;
        handler = static_cast<uint32_t>(number(box.begin + 8, 4).value_or(0));
        return false;
      });
      return false;
    });
    return handler;
  }

  const ReadAt& read_;
  const uint64_t size_;
  std::vector<Mp4Track> tracks_;
  bool certain_ = true;
  int boxes_ = 0;
};

}  // namespace

std::vector<Mp4Track> mp4_tracks(const ReadAt& read, uint64_t size) { return Boxes(read, size).tracks(); }

}  // namespace damfs::worker
