// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace damfs::worker {

// The XMP packet that a file of a kind which neither exiv2 nor libvips look into carries, by its box: GIF, ISO base
// media and QuickTime, RIFF (WAV, AVI), ASF, ID3 (MP3), JPEG 2000 and XL, SVG, PostScript. Empty: there is none.
std::string packet_in(std::span<const uint8_t> file);

// Those that a JPEG has behind its first one, as programs leave it that add theirs and overlook what is there.
std::vector<std::string> more_packets_in_jpeg(std::span<const uint8_t> file);

// When a camcorder's clock says that a clip was made, with its own offset: Sony's XAVC keeps an XML document in the
// file's meta box ("2019-07-20T10:00:00+02:00"). Empty: there is none.
std::string camcorder_date(std::span<const uint8_t> file);

// What a PNG's text chunks say, wherever they stand.
struct PngWords {
  std::string creation_time, title, description;
};
PngWords png_words(std::span<const uint8_t> file);

}  // namespace damfs::worker
