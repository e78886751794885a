// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <gtest/gtest.h>
#include <vips/vips.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catalog/media/media_types.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/av_formats.h"

namespace damfs::worker {
namespace {

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

// Those that are offered stand below an empty reason.
using ByReason = std::map<std::string, std::set<std::string>>;

void tell(const ByReason& formats) {
  for (const auto& [why, names] : formats) {
    std::printf("%s: %s\n", why.empty() ? "offered" : why.c_str(), joined(names).c_str());
  }
}

TEST(MediaTypes, EachFormatOfLibavformatIsOfferedOrItIsSaidWhyNot) {
  ByReason formats;
  void* state = nullptr;
  while (const AVInputFormat* format = av_demuxer_iterate(&state)) {
    const std::string name = format->name;
    formats[std::string(why_refused(format))].insert(name);
    if (!why_refused(format).empty()) continue;
    EXPECT_EQ(format->flags & AVFMT_NOFILE, 0) << name << " opens files by itself";
    EXPECT_FALSE(name.ends_with("_pipe")) << name << " is a picture";
    const std::string mime = mime_of_format(format);
    EXPECT_GT(mime.find('/'), 0U) << name;
    EXPECT_NE(mime.find('/'), mime.npos) << name;
  }
  tell(formats);
  // What cameras, phones, recorders and studios write.
  for (const char* wanted : {"mov,mp4,m4a,3gp,3g2,mj2",
                             "matroska,webm",
                             "avi",
                             "mpegts",
                             "mpeg",
                             "mxf",
                             "gxf",
                             "dv",
                             "flv",
                             "asf",
                             "rm",
                             "ogg",
                             "caf",
                             "wav",
                             "w64",
                             "aiff",
                             "flac",
                             "mp3",
                             "aac",
                             "ape",
                             "wv",
                             "tta",
                             "dsf",
                             "iff",
                             "amr",
                             "au",
                             "nut",
                             "ivf",
                             "h264",
                             "hevc",
                             "loas",
                             "wtv",
                             "mlv",
                             "cine",
                             "r3d",
                             "dhav"}) {
    EXPECT_TRUE(formats[""].count(wanted)) << wanted;
  }
  for (const char* unwanted : {"hls", "concat", "image2", "lavfi", "tty", "srt", "rawvideo", "s16le", "png_pipe"}) {
    EXPECT_FALSE(formats[""].count(unwanted)) << unwanted;
  }
}

TEST(MediaTypes, EachLoaderOfLibvipsIsOfferedOrItIsSaidWhyNot) {
  start_libraries();
  ByReason loaders;
  const auto visit = [](GType type, void* found) -> void* {
    if (G_TYPE_IS_ABSTRACT(type)) return nullptr;
    const auto* operation = VIPS_OPERATION_CLASS(g_type_class_ref(type));
    const std::string name = g_type_name(type);
    const bool is_blocked = (operation->flags & VIPS_OPERATION_BLOCKED) != 0;
    const std::string why(why_left_out(name));
    EXPECT_EQ(is_blocked, !why.empty()) << name << ": " << why;
    (*static_cast<ByReason*>(found))[why].insert(name);
    return nullptr;
  };
  vips_type_map_all(g_type_from_name("VipsForeignLoad"), visit, &loaders);
  tell(loaders);
  for (const char* wanted :
       {"Jpeg", "Png", "Webp", "Tiff", "Heif", "Nsgif", "Svg", "Pdf", "Jxl", "Jp2k", "Ppm", "Rad"}) {
    const std::string name = std::string("VipsForeignLoad") + wanted + "Source";
    EXPECT_TRUE(g_type_from_name(name.c_str()) == 0 || loaders[""].count(name) > 0) << name;
  }
}

TEST(MediaTypes, EveryRowCanBeReached) {
  for (const MediaType& type : media_types()) {
    std::string mime(type.mime);
    if (mime.back() == '*') mime.back() = 'x';
    EXPECT_EQ(media_type(mime).mime, type.mime);
  }
  EXPECT_EQ(media_type("application/x-nobody-knows").prober, Prober::kNone);
}

// Those between single spaces.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::istringstream in{std::string(text)};
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

TEST(MediaTypes, WhatRowsCallByNameIsThere) {
  std::set<std::string> seen;
  for (const MediaType& type : media_types()) {
    for (const std::string& demuxer : words_of(type.demuxers)) {
      EXPECT_TRUE(seen.insert(demuxer).second) << demuxer << " is catalogued as two types";
      EXPECT_EQ(type_of_demuxer(demuxer), &type);
      const AVInputFormat* format = av_find_input_format(demuxer.substr(0, demuxer.find(',')).c_str());
      ASSERT_NE(format, nullptr) << demuxer;
      EXPECT_EQ(demuxer, format->name);
      EXPECT_EQ(mime_of_format(format), type.mime);
    }
    const std::string decoder(type.decoder);
    EXPECT_TRUE(decoder.empty() || avcodec_descriptor_get_by_name(decoder.c_str()) != nullptr) << decoder;
    for (const std::string_view list : {type.extensions.maps, type.extensions.shown, type.extensions.others}) {
      for (const std::string& extension : words_of(list)) {
        EXPECT_TRUE(extension.starts_with('.')) << extension;
        EXPECT_TRUE(seen.insert(extension).second) << extension << " is listed twice";
        EXPECT_EQ(is_map_extension(extension), list.data() == type.extensions.maps.data()) << extension;
        EXPECT_EQ(is_shown_extension(extension), list.data() != type.extensions.others.data()) << extension;
      }
    }
  }
}

TEST(MediaTypes, ANameDecidesAmongWhatLooksAlike) {
  ASSERT_NE(type_by_name("DSC_0001.NEF", Prober::kRaw), nullptr);
  EXPECT_EQ(type_by_name("DSC_0001.NEF", Prober::kRaw)->mime, "image/x-nikon-nef");
  EXPECT_EQ(type_by_name("scan.tif", Prober::kRaw), nullptr);
  EXPECT_EQ(type_by_name("without", Prober::kRaw), nullptr);
}

}  // namespace
}  // namespace damfs::worker
