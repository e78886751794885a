// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/player_words.h"

#include <algorithm>
#include <string_view>

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/boxes.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/id3.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/metadata/xmp_text.h"

namespace damfs::worker {
namespace {

constexpr size_t kMostOutermost = 10'000;

size_t big_number(std::string_view bytes) {
  size_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// "one's name\0", a byte of 1 to 255, and how often it was played. Windows has 1, 64, 128, 196 and 255.
std::optional<int> popularity(std::string_view frame) {
  const size_t zero = frame.find('\0');
  if (zero == frame.npos || zero + 1 >= frame.size()) return std::nullopt;
  const int value = static_cast<unsigned char>(frame[zero + 1]);
  return value == 0 ? std::nullopt : std::optional(std::clamp((value + 32) / 64 + 1, 1, 5));
}

// One entry of an 'Xtra' box: how long its name is, the name, how many values, each with its length and type.
void take_entry(std::string_view entry, PlayerWords& found) {
  constexpr size_t kText = 8;
  constexpr size_t kNumber = 19;
  const size_t named = big_number(entry);
  if (entry.size() < 8 || named > entry.size() - 8) return;
  const std::string_view name = entry.substr(4, named);
  std::string_view rest = entry.substr(8 + named);
  while (rest.size() >= 6) {
    const size_t size = big_number(rest);
    if (size < 6 || size > rest.size()) return;
    const size_t type = big_number(rest.substr(4, 2));
    const std::string_view value = rest.substr(6, size - 6);
    if (name == "WM/SharedUserRating" && type == kNumber && !value.empty()) {
      found.rating = stars(static_cast<unsigned char>(value.front()), true);
    }
    if (name == "WM/Category" && type == kText && found.words.size() < FactLimits::kTags) {
      found.words.push_back(utf16_text(value));
    }
    rest.remove_prefix(size);
  }
}

void take_entries(std::string_view rest, PlayerWords& found) {
  while (rest.size() >= 8) {
    const size_t size = big_number(rest);
    if (size < 8 || size > rest.size()) return;
    take_entry(rest.substr(4, size - 4), found);
    rest.remove_prefix(size);
  }
}

void look_in_boxes(std::string_view file, int depth, PlayerWords& found) {
  for (size_t n = 0; n < kMostOutermost; ++n) {
    const auto box = take_box(file);
    if (!box) return;
    if (box->type == "Xtra") take_entries(box->body, found);
    if ((box->type == "moov" && depth == 0) || (box->type == "udta" && depth == 1)) {
      look_in_boxes(box->body, depth + 1, found);
    }
  }
}

}  // namespace

PlayerWords player_words(std::span<const uint8_t> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  PlayerWords found;
  if (file.size() > 8 && file.substr(4, 4) == "ftyp") look_in_boxes(file, 0, found);
  id3_frames(file, [&](std::string_view id, std::string_view body) {
    if (id == "POPM" && !found.rating) found.rating = popularity(body);
    return !found.rating;
  });
  return found;
}

}  // namespace damfs::worker
