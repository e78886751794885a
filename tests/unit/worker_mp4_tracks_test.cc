// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/mp4_tracks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
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

TEST(Mp4Created, IsSecondsSince1970OfEitherLengthAndNoneWhereNoClockWasSet) {
  const auto made = [](const std::string& head) {
    const std::string file = kBegin + box("moov", box("mvhd", head));
    const std::span bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
    return mp4_created(read_at(bytes), file.size());
  };
  const std::string rest(96, '\0');
  EXPECT_EQ(made(std::string("\0\0\0\0\xDF\xE7\xAC\x1F", 8) + rest), 1'673'657'247);
  EXPECT_EQ(made(std::string("\1\0\0\0\0\0\0\0\xDF\xE7\xAC\x1F", 12) + rest), 1'673'657'247);
  EXPECT_EQ(made(std::string(8, '\0') + rest), std::nullopt);
  EXPECT_EQ(made("1234"), std::nullopt);
  EXPECT_EQ(made(std::string("\1\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12) + rest), std::nullopt);
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

// --- what a file is --------------------------------------------------------------------------------------

std::optional<Mp4Layout> layout_of(const std::string& file) {
  return mp4_layout(read_at({reinterpret_cast<const uint8_t*>(file.data()), file.size()}), file.size());
}

TEST(Mp4Layout, WhateverBrandItNamesAndHoweverItBegins) {
  const std::string movie = box("moov", box("mvhd", "head") + track("vide"));
  for (const char* brand : {"isom", "XAVC", "mp4v", "f4v ", "none"}) {
    const auto layout = layout_of(box("ftyp", std::string(brand) + "1234mp42") + movie + box("mdat", "bytes"));
    ASSERT_TRUE(layout && layout->has_movie) << brand;
    EXPECT_TRUE(layout->has_brand(four_characters("mp42")));
    EXPECT_FALSE(layout->has_items);
  }
  for (const char* first : {"wide", "free", "skip", "pnot", "prfl", "PICT"}) {
    const auto layout = layout_of(box(first, "1234") + box("mdat", "bytes") + movie);
    ASSERT_TRUE(layout && layout->has_movie) << first;
    EXPECT_EQ(layout->major, 0U);
  }
  EXPECT_TRUE(layout_of(movie));
  EXPECT_TRUE(layout_of(movie + box("mdat", "bytes") + std::string(512, '\0')));
}

TEST(Mp4Layout, WhatIsLeftOfARecordingIsOne) {
  const std::string file = kBegin + box("mdat", std::string(100, 'x'));
  const auto layout = layout_of(file.substr(0, file.size() - 50));
  EXPECT_TRUE(layout && layout->has_movie);
}

TEST(Mp4Layout, StillPicturesAreNone) {
  const auto layout = layout_of(box("ftyp", "heic1234mif1") + box("meta", "1234") + box("mdat", "bytes"));
  ASSERT_TRUE(layout);
  EXPECT_TRUE(layout->has_items);
  EXPECT_FALSE(layout->has_movie);
}

TEST(Mp4Layout, WordsThatStandInOtherFilesMakeNone) {
  EXPECT_FALSE(layout_of(""));
  EXPECT_FALSE(layout_of("RIFF____AVI LIST"));
  EXPECT_FALSE(layout_of("This is text that speaks of moov and mdat."));
  EXPECT_FALSE(layout_of(box("free", "1234") + "anything else at all"));
  EXPECT_FALSE(layout_of(box("mdat", "1234")));
}

// --- what mirrors a picture ------------------------------------------------------------------------------

std::string full_box(std::string_view type, const std::string& content) {
  return box(type, std::string(4, '\0') + content);
}

std::string picture_with(const std::string& properties, const std::string& used) {
  const std::string primary = full_box("pitm", std::string("\0\x01", 2));
  const std::string uses = full_box("ipma", std::string("\0\0\0\x01\0\x01", 6) + used);
  return box("ftyp", "avif1234mif1") + full_box("meta", primary + box("iprp", box("ipco", properties) + uses));
}

std::optional<Mp4Mirror> mirror_of(const std::string& file) {
  return mp4_mirror(read_at({reinterpret_cast<const uint8_t*>(file.data()), file.size()}), file.size());
}

TEST(Mp4Mirror, IsThatOfThePictureThatIsShown) {
  const std::string properties = box("ispe", "12345678") + box("imir", std::string(1, '\x01'));
  const std::string file = picture_with(properties, "\x02\x01\x82");
  const auto found = mirror_of(file);
  ASSERT_TRUE(found);
  EXPECT_EQ(file.substr(static_cast<size_t>(found->type_at), 4), "imir");
  EXPECT_FALSE(found->upside_down);
  EXPECT_FALSE(mirror_of(picture_with(properties, "\x01\x01")));  // of another one
  EXPECT_FALSE(mirror_of(picture_with(box("ispe", "12345678"), "\x01\x01")));
  EXPECT_FALSE(mirror_of(kBegin));
  EXPECT_TRUE(mirror_of(picture_with(box("imir", std::string(1, '\0')), "\x01\x81"))->upside_down);
}

}  // namespace
}  // namespace damfs::worker
