// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>  // before libavutil, which asks for its macros

extern "C" {
#include <libavfilter/avfilter.h>
}

#include <memory>
#include <span>

#include "catalog/media/clip.h"
#include "catalog/media/worker/av_input.h"
#include "catalog/media/worker/clip/clip_cursor.h"

namespace damfs::worker {

struct FilterGraphDeleter {
  void operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }
};
using FilterGraph = std::unique_ptr<AVFilterGraph, FilterGraphDeleter>;

// Makes a source's frames the proxy's: deinterlaced, upright, of its raster and pixel format, in limited range.
class PictureFilter {
 public:
  PictureFilter(const ClipFacts& clip, Raster raster);
  Frame apply(const VideoCursor::View& view);

 private:
  void build(const AVFrame* frame);
  bool fits(const VideoCursor::Shown& shown) const;
  Frame push(const VideoCursor::Shown& shown);
  Frame pull();
  Frame apply_to_fields(const VideoCursor::View& view);

  const ClipFacts& clip_;
  Raster raster_;
  FilterGraph graph_;
  AVFilterContext* begin_ = nullptr;
  AVFilterContext* end_ = nullptr;
  int width_ = 0, height_ = 0, format_ = -1;  // what the graph is built for
  int64_t pushed_ = 0;
  uint64_t newest_ = 0;  // serial of the last one pushed
};

// The proxy's encoder. Every frame has the same size, whatever is on it.
class FrameEncoder {
 public:
  FrameEncoder(ClipCodec codec, Raster raster, const ClipFacts& clip);
  // Valid until the next call.
  std::span<const uint8_t> encode(AVFrame* frame);

 private:
  void open();
  bool try_encode(const AVFrame* frame);

  ClipCodec codec_;
  Raster raster_;
  const ClipFacts& clip_;
  CodecContext context_;
  Packet packet_ = new_packet();
};

}  // namespace damfs::worker
