// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/mp4_tracks.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace damfs::worker {
namespace {

constexpr int kMostBoxes = 4096;  // in all: more are nobody's recording
constexpr int kMostBrands = 64;
// So many of the outermost boxes are looked at: of a recording in fragments the first ones tell.
constexpr int kMostLookedAt = 64;

// Boxes that stand outermost and tell by their names that this is such a file.
constexpr uint32_t kOutermost[] = {
    four_characters("ftyp"), four_characters("styp"), four_characters("moov"), four_characters("moof"),
    four_characters("mdat"), four_characters("wide"), four_characters("free"), four_characters("skip"),
    four_characters("pnot"), four_characters("uuid"), four_characters("meta"), four_characters("sidx"),
    four_characters("pdin"), four_characters("udta"), four_characters("junk"), four_characters("prft"),
    four_characters("emsg"), four_characters("ssix"),
};

bool is_outermost(uint32_t type) {
  return std::find(std::begin(kOutermost), std::end(kOutermost), type) != std::end(kOutermost);
}

bool is_name(uint32_t type) {
  for (int shift = 0; shift < 32; shift += 8) {
    const uint32_t c = type >> shift & 0xFF;
    if ((c < 0x20 || c > 0x7E) && c != 0xA9) return false;
  }
  return true;
}

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

  std::optional<Mp4Mirror> mirror() {
    std::optional<Mp4Mirror> found;
    for_each(0, size_, [&](const Box& box) {
      if (box.type == four_characters("meta")) found = mirror_in({box.type, box.at, box.begin + 4, box.end});
      return box.type != four_characters("meta");
    });
    return found;
  }

  std::optional<int64_t> created() {
    constexpr int64_t kEpoch = 2'082'844'800;  // from 1904 to 1970
    const auto movie = first_in({0, 0, 0, size_}, four_characters("moov"));
    const auto head = movie ? first_in(*movie, four_characters("mvhd")) : std::nullopt;
    if (!head || head->end - head->begin < 12) return std::nullopt;
    const bool is_long = number(head->begin, 1).value_or(0) == 1;
    const uint64_t seconds = number(head->begin + 4, is_long ? 8 : 4).value_or(0);
    const auto made = seconds > INT64_MAX ? 0 : static_cast<int64_t>(seconds) - kEpoch;
    return made > 0 ? std::optional(made) : std::nullopt;
  }

  std::optional<Mp4Layout> layout() {
    Mp4Layout found;
    int known = 0;
    int looked_at = 0;
    for (uint64_t at = 0; at < size_ && size_ - at >= 8 && ++looked_at <= kMostLookedAt;) {
      const auto next = head(at);
      // Zeros behind the last box are what cameras fill their blocks with.
      if (!next || !is_name(next->type)) break;
      if (is_outermost(next->type)) ++known;
      take(*next, found);
      if (next->end <= at || next->end > size_) break;
      at = next->end;
    }
    found.has_movie = found.has_movie || (has_data_ && !found.has_items);
    // One name alone is a word that may stand anywhere; two of them in their places do not by chance.
    const bool is_one = known >= 2 && (found.has_movie || !found.brands.empty());
    if (!is_one && !(found.has_items && !found.brands.empty()) && !is_movie_alone()) return std::nullopt;
    found.has_movie = found.has_movie || found.brands.empty();
    return found;
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

  // What a box that begins there and lasts at most to `end` says of itself, true or not; empty where there is none.
  std::optional<Box> head(uint64_t at, uint64_t end) {
    const auto size = number(at, 4);
    const auto type = number(at + 4, 4);
    if (!size || !type) return std::nullopt;
    Box box{static_cast<uint32_t>(*type), at, at + 8, at + *size};
    if (*size == 0) box.end = end;  // to the end of what it is in
    if (*size == 1) {
      const auto large = number(at + 8, 8);
      if (!large) return std::nullopt;
      box.begin = at + 16;
      // One that says it is longer than all there is, is only as long as that and a little more.
      box.end = *large > end - at ? end + 1 : at + *large;
    }
    return box;
  }
  std::optional<Box> head(uint64_t at) { return head(at, size_); }

  // The box that begins there; empty when it does not fit in what it is in.
  std::optional<Box> box(uint64_t at, uint64_t end) {
    const auto found = head(at, end);
    return found && found->end >= found->begin && found->end <= end ? found : std::nullopt;
  }

  void take(const Box& box, Mp4Layout& layout) {
    switch (box.type) {
      case four_characters("moov"):
      case four_characters("moof"): layout.has_movie = true; break;
      case four_characters("mdat"): has_data_ = true; break;
      case four_characters("meta"): layout.has_items = true; break;
      case four_characters("ftyp"):
      case four_characters("styp"): take_brands(box, layout); break;
      default: break;
    }
  }

  void take_brands(const Box& box, Mp4Layout& layout) {
    if (!layout.brands.empty()) return;
    for (uint64_t at = box.begin; at + 4 <= std::min(box.end, size_) && std::ssize(layout.brands) < kMostBrands;
         at += 4) {
      const auto brand = static_cast<uint32_t>(number(at, 4).value_or(0));
      if (at == box.begin) layout.major = brand;
      if (at != box.begin + 4) layout.brands.push_back(brand);  // there the major one's version stands
    }
  }

  // Whether it begins with a movie that has a head, and nothing else is in it.
  bool is_movie_alone() {
    const auto movie = box(0, size_);
    if (!movie || movie->type != four_characters("moov")) return false;
    const auto inner = box(movie->begin, movie->end);
    return inner && (inner->type == four_characters("mvhd") || inner->type == four_characters("cmov"));
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

  // Of what a box of that type says first in the one given.
  std::optional<Box> first_in(const Box& outer, uint32_t type) {
    std::optional<Box> found;
    for_each(outer.begin, outer.end, [&](const Box& box) {
      if (box.type == type) found = box;
      return !found;
    });
    return found;
  }

  std::optional<Mp4Mirror> mirror_in(const Box& meta) {
    const auto primary = first_in(meta, four_characters("pitm"));
    const auto properties = first_in(meta, four_characters("iprp"));
    if (!primary || !properties) return std::nullopt;
    const auto listed = first_in(*properties, four_characters("ipco"));
    const auto used = first_in(*properties, four_characters("ipma"));
    if (!listed || !used) return std::nullopt;
    const bool is_long = number(primary->begin, 1).value_or(0) > 0;
    const uint64_t item = number(primary->begin + 4, is_long ? 4 : 2).value_or(0);
    const std::vector<uint64_t> own = properties_of(item, *used);
    std::optional<Mp4Mirror> found;
    uint64_t place = 0;
    for_each(listed->begin, listed->end, [&](const Box& box) {
      ++place;
      if (box.type == four_characters("imir") && box.end > box.begin &&
          std::find(own.begin(), own.end(), place) != own.end()) {
        found = Mp4Mirror{static_cast<int64_t>(box.at + 4), (number(box.begin, 1).value_or(0) & 1) == 0};
      }
      return !found;
    });
    return found;
  }

  // Their places, counted from 1.
  std::vector<uint64_t> properties_of(uint64_t item, const Box& used) {
    std::vector<uint64_t> own;
    const bool is_long = number(used.begin, 1).value_or(0) > 0;
    const size_t width = (number(used.begin + 3, 1).value_or(0) & 1) != 0 ? 2 : 1;
    const uint64_t count = number(used.begin + 4, 4).value_or(0);
    uint64_t at = used.begin + 8;
    for (uint64_t i = 0; i < count && at < used.end && ++boxes_ <= kMostBoxes; ++i) {
      const uint64_t id = number(at, is_long ? 4 : 2).value_or(0);
      at += is_long ? 4 : 2;
      const uint64_t properties = number(at++, 1).value_or(0);
      for (uint64_t j = 0; j < properties && at < used.end; ++j, at += width) {
        const uint64_t most = width == 2 ? 0x7FFF : 0x7F;  // before it stands whether it is essential
        if (id == item) own.push_back(number(at, width).value_or(0) & most);
      }
    }
    return own;
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
  bool has_data_ = false;
  int boxes_ = 0;
};

}  // namespace

ReadAt read_at(std::span<const uint8_t> bytes) {
  return [bytes](std::span<std::byte> buffer, uint64_t offset) -> size_t {
    if (offset >= bytes.size()) return 0;
    const size_t n = std::min(buffer.size(), bytes.size() - static_cast<size_t>(offset));
    const auto part = std::as_bytes(bytes.subspan(static_cast<size_t>(offset), n));
    std::copy(part.begin(), part.end(), buffer.begin());
    return n;
  };
}

std::vector<Mp4Track> mp4_tracks(const ReadAt& read, uint64_t size) { return Boxes(read, size).tracks(); }

std::optional<Mp4Mirror> mp4_mirror(const ReadAt& read, uint64_t size) { return Boxes(read, size).mirror(); }

std::optional<int64_t> mp4_created(const ReadAt& read, uint64_t size) { return Boxes(read, size).created(); }

bool Mp4Layout::has_brand(uint32_t brand) const {
  return std::find(brands.begin(), brands.end(), brand) != brands.end();
}

std::optional<Mp4Layout> mp4_layout(const ReadAt& read, uint64_t size) { return Boxes(read, size).layout(); }

}  // namespace damfs::worker
