// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/avchd_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace damfs::worker {
namespace {

constexpr size_t kStreamHead = 512U << 10;
constexpr size_t kMostOfOne = 64U << 10;
constexpr size_t kMostStreams = 8;

// What each elementary stream begins with, out of its packets.
std::map<int, std::string> stream_heads(std::string_view file, size_t packet, size_t sync_at) {
  std::map<int, std::string> heads;
  for (size_t at = sync_at; at + 188 <= file.size() && at < kStreamHead; at += packet) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(file[at + i]); };
    if (byte(0) != 0x47) break;
    const int stream = (byte(1) & 0x1F) << 8 | byte(2);
    const size_t begin = (byte(3) & 0x20) != 0 ? size_t{5} + byte(4) : 4;
    if ((byte(3) & 0x10) == 0 || begin >= 188 || (heads.size() >= kMostStreams && !heads.contains(stream))) continue;
    std::string& head = heads[stream];
    if (head.size() < kMostOfOne) head += file.substr(at + begin, 188 - begin);
  }
  return heads;
}

// H.264 puts a 3 where bytes would look like the beginning of a unit.
std::string without_escapes(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == 3 && i >= 2 && text[i - 1] == 0 && text[i - 2] == 0;
    if (!is_escape) out += text[i];
  }
  return out;
}

// "MDPM", a count, and so many entries of a tag and four bytes: 0x18 has the zone, the century, the year and the month,
// 0x19 the day, the hour, the minute and the second, two digits a byte.
std::string date_in_message(std::string_view message) {
  constexpr size_t kEntry = 5;
  if (message.empty()) return {};
  const size_t count = static_cast<unsigned char>(message.front());
  message.remove_prefix(1);
  std::string_view date;
  std::string_view clock;
  for (size_t i = 0; i < count && message.size() >= kEntry; ++i, message.remove_prefix(kEntry)) {
    if (message.front() == 0x18) date = message.substr(1, 4);
    if (message.front() == 0x19) clock = message.substr(1, 4);
  }
  if (date.empty() || clock.empty()) return {};
  const auto two = [](char c) { return fmt::format("{:02x}", static_cast<unsigned char>(c)); };
  const auto zone = static_cast<unsigned char>(date[0]);
  return fmt::format("{}{}-{}-{}T{}:{}:{}{}{:02}:{}", two(date[1]), two(date[2]), two(date[3]), two(clock[0]),
                     two(clock[1]), two(clock[2]), two(clock[3]), (zone & 0x20) != 0 ? '-' : '+', zone >> 1 & 15,
                     (zone & 1) != 0 ? "30" : "00");
}

}  // namespace

std::string avchd_date(std::span<const uint8_t> bytes) {
  constexpr std::string_view kMessage = "MDPM";
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (file.size() < 400) return {};
  const bool is_timed = file[4] == 0x47 && file[196] == 0x47;  // Blu-ray's packets have a time of arrival in front
  if (!is_timed && (file[0] != 0x47 || file[188] != 0x47)) return {};
  for (const auto& [stream, head] : stream_heads(file, is_timed ? 192 : 188, is_timed ? 4 : 0)) {
    const size_t at = head.find(kMessage);
    constexpr size_t kLongestMessage = 2048;
    if (at == head.npos) continue;
    return date_in_message(without_escapes(std::string_view(head).substr(at + kMessage.size(), kLongestMessage)));
  }
  return {};
}

}  // namespace damfs::worker
