// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/mp4_tracks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace damfs::worker {
namespace {

std::string box(std::string_view type, const std::string& content) {
  const auto size = static_cast<uint32_t>(content.size() + 8);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
  return out + std::string(type) + content;
}

std::string track(const std::string& handler) {
  const std::string of_data = box("minf", box("hdlr", std::string(8, '\0') + "alis"));
  return box("trak", box("tkhd", "1234") + box("mdia", box("hdlr", std::string(8, '\0') + handler) + of_data));
}

// The types of the tracks' boxes, read where they are said to stand, and what handles them.
std::string told(const std::string& file) {
  const ReadAt read = [&](std::span<std::byte> buffer, uint64_t offset) {
    const std::string_view rest = std::string_view(file).substr(std::min<size_t>(offset, file.size()));
    const size_t n = std::min(buffer.size(), rest.size());
    std::transform(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(n), buffer.begin(),
                   [](char c) { return static_cast<std::byte>(c); });
    return n;
  };
  std::string out;
  for (const Mp4Track& track : mp4_tracks(read, file.size())) {
    out += file.substr(static_cast<size_t>(track.type_at), 4) + ":";
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(track.handler >> shift & 0xFF);
    out += " ";
  }
  return out;
}

const std::string kBegin = box("ftyp", "isom");

TEST(Mp4Tracks, InTheirOrderWhereverTheMovieStands) {
  const std::string movie = box("moov", box("mvhd", "head") + track("vide") + box("udta", "") + track("soun"));
  EXPECT_EQ(told(kBegin + movie + box("mdat", "bytes")), "trak:vide trak:soun ");
  EXPECT_EQ(told(kBegin + box("mdat", "bytes") + movie), "trak:vide trak:soun ");
}

TEST(Mp4Tracks, NoneWhereTheSamplesAreListedElsewhere) {
  EXPECT_EQ(told(kBegin + box("moov", track("vide") + box("mvex", ""))), "");
  EXPECT_EQ(told(kBegin + box("moov", box("cmov", "squeezed"))), "");
}

TEST(Mp4Tracks, NoneWhereABoxIsLongerThanWhatItIsIn) {
  std::string file = kBegin + box("moov", track("vide") + track("soun"));
  const size_t second = file.rfind("trak") - 4;
  file[second + 2] = '\x7F';
  EXPECT_EQ(told(file), "");
  EXPECT_EQ(told("RIFF____AVI LIST"), "");
  EXPECT_EQ(told(""), "");
}

}  // namespace
}  // namespace damfs::worker
