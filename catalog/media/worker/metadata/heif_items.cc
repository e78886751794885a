// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/heif_items.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace damfs::worker {
namespace {

constexpr size_t kLongestItem = 32U << 20;
constexpr uint64_t kMostItems = 100'000;

// Numbers off the front of a box; what is not there any more is 0, and `is_short` tells.
class BoxReader {
 public:
  explicit BoxReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    if (rest_.size() < bytes) is_short_ = true;
    for (size_t i = 0; i < bytes && !is_short_; ++i) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(std::min(bytes, rest_.size()));
    return value;
  }

  std::string_view text() {
    const size_t end = std::min(rest_.find('\0'), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return text;
  }

  // The next box in it; empty at the end.
  std::optional<std::string_view> box(std::string_view type) {
    while (rest_.size() >= 8) {
      BoxReader head(rest_);
      uint64_t size = head.number(4);
      const std::string_view found = rest_.substr(4, 4);
      size_t body = 8;
      if (size == 1) {
        head.number(4);
        size = head.number(8);
        body = 16;
      } else if (size == 0) {
        size = rest_.size();
      }
      if (size < body || size > rest_.size()) return std::nullopt;
      const std::string_view inside = rest_.substr(body, static_cast<size_t>(size) - body);
      rest_.remove_prefix(static_cast<size_t>(size));
      if (found == type) return inside;
    }
    return std::nullopt;
  }

  bool is_short() const { return is_short_; }

 private:
  std::string_view rest_;
  bool is_short_ = false;
};

std::optional<uint64_t> item_of_type(std::string_view iinf, std::string_view media_type) {
  BoxReader entries(iinf);
  const uint64_t version = entries.number(1);
  entries.number(3);
  entries.number(version == 0 ? 2 : 4);
  for (uint64_t n = 0; n < kMostItems; ++n) {
    const auto infe = entries.box("infe");
    if (!infe) return std::nullopt;
    BoxReader entry(*infe);
    const uint64_t kind = entry.number(1);
    entry.number(3);
    if (kind < 2) continue;
    const uint64_t item = entry.number(kind == 2 ? 2 : 4);
    entry.number(2);
    constexpr uint64_t kMime = 0x6D696D65;
    if (entry.number(4) != kMime) continue;
    entry.text();
    if (entry.text() == media_type && !entry.is_short()) return item;
  }
  return std::nullopt;
}

// Where its bytes are, put together.
std::string item_bytes(std::string_view file, std::string_view iloc, std::string_view idat, uint64_t wanted) {
  BoxReader in(iloc);
  const uint64_t version = in.number(1);
  in.number(3);
  const uint64_t sizes = in.number(2);
  const size_t offset_size = sizes >> 12 & 15;
  const size_t length_size = sizes >> 8 & 15;
  const size_t base_size = sizes >> 4 & 15;
  const size_t index_size = version == 0 ? 0 : sizes & 15;
  if (version > 2 || offset_size > 8 || length_size > 8 || base_size > 8 || index_size > 8) return {};
  const uint64_t count = std::min(in.number(version < 2 ? 2 : 4), kMostItems);
  for (uint64_t n = 0; n < count && !in.is_short(); ++n) {
    const uint64_t item = in.number(version < 2 ? 2 : 4);
    const uint64_t method = version == 0 ? 0 : in.number(2) & 15;
    in.number(2);
    const uint64_t base = in.number(base_size);
    const uint64_t extents = in.number(2);
    const std::string_view within = method == 1 ? idat : file;
    std::string bytes;
    for (uint64_t e = 0; e < extents && !in.is_short(); ++e) {
      in.number(index_size);
      const uint64_t offset = in.number(offset_size);
      const uint64_t length = in.number(length_size);
      const bool is_there = method < 2 && base <= within.size() && offset <= within.size() - base;
      if (item != wanted || !is_there) continue;
      bytes +=
          within.substr(static_cast<size_t>(base + offset), static_cast<size_t>(length == 0 ? kLongestItem : length));
      if (bytes.size() > kLongestItem) return {};
    }
    if (item == wanted) return bytes;
  }
  return {};
}

}  // namespace

std::string heif_item(std::string_view file, std::string_view meta, std::string_view media_type) {
  if (meta.size() < 4) return {};
  const std::string_view boxes = meta.substr(4);  // behind its version and flags
  const auto inside = [&](std::string_view type) { return BoxReader(boxes).box(type); };
  const auto iinf = inside("iinf");
  const auto iloc = inside("iloc");
  const auto item = iinf ? item_of_type(*iinf, media_type) : std::nullopt;
  if (!item || !iloc) return {};
  return item_bytes(file, *iloc, inside("idat").value_or(std::string_view()), *item);
}

}  // namespace damfs::worker
