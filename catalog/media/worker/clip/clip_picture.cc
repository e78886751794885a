// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/clip/clip_picture.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {
namespace {

// With the default the encoder's search for a quantizer leaves the range of its own counters and aborts.
constexpr int kMaxQuantizer = 255;

constexpr const char kUnconvertible[] = "the video's pixels cannot be converted";

const char* turning(int rotation) {
  switch (rotation) {
    case 90: return "transpose=clock,";
    case 180: return "hflip,vflip,";
    case 270: return "transpose=cclock,";
    default: return "";
  }
}

// The exact arithmetic gives the same bytes on every processor.
std::string chain_of(const ClipFacts& clip, Raster raster, bool from_rgb) {
  std::string chain;
  if (clip.interlace != Interlace::kNone) {
    chain = fmt::format("bwdif=mode=send_frame:deint=all:parity={},",
                        clip.interlace == Interlace::kTopFirst ? "tff" : "bff");
  }
  return fmt::format("{}{}{}scale={}:{}:flags=bicubic+accurate_rnd+bitexact:out_range=tv{},format=yuv422p", chain,
                     turning(clip.rotation), clip.mirrored ? "hflip," : "", raster.width, raster.height,
                     from_rgb ? ":out_color_matrix=bt709" : "");
}

void need(int error, const char* what) {
  if (error < 0) fail(EINVAL, "{} ({})", what, av_text(error));
}

// Each macroblock its mean: what no content is too wild for.
void flatten(AVFrame* frame) {
  for (int plane = 0; plane < 3; ++plane) {
    const int across = plane == 0 ? 16 : 8;
    const int width = plane == 0 ? frame->width : (frame->width + 1) / 2;
    for (int y = 0; y < frame->height; y += 16) {
      for (int x = 0; x < width; x += across) {
        const int rows = std::min(16, frame->height - y);
        const int columns = std::min(across, width - x);
        uint8_t* corner = frame->data[plane] + ptrdiff_t{y} * frame->linesize[plane] + x;
        int sum = 0;
        for (int i = 0; i < rows * columns; ++i) {
          sum += corner[ptrdiff_t{i / columns} * frame->linesize[plane] + i % columns];
        }
        for (int row = 0; row < rows; ++row) {
          std::memset(corner + ptrdiff_t{row} * frame->linesize[plane], sum / (rows * columns),
                      static_cast<size_t>(columns));
        }
      }
    }
  }
}

void make_grey(AVFrame* frame) {
  for (int plane = 0; plane < 3; ++plane) {
    for (int y = 0; y < frame->height; ++y) {
      std::memset(frame->data[plane] + ptrdiff_t{y} * frame->linesize[plane], 128,
                  static_cast<size_t>(plane == 0 ? frame->width : (frame->width + 1) / 2));
    }
  }
}

}  // namespace

// --- filter ---------------------------------------------------------------------------------------------

PictureFilter::PictureFilter(const ClipFacts& clip, Raster raster) : clip_(clip), raster_(raster) {}

void PictureFilter::build(const AVFrame* frame) {
  graph_.reset(avfilter_graph_alloc());
  if (!graph_) throw std::bad_alloc();
  graph_->nb_threads = 1;  // slices cost more than they gain beside decoders and encoders that use every core
  const std::string source = fmt::format("video_size={}x{}:pix_fmt={}:time_base=1/25:pixel_aspect=1/1", frame->width,
                                         frame->height, frame->format);
  need(avfilter_graph_create_filter(&begin_, avfilter_get_by_name("buffer"), "in", source.c_str(), nullptr,
                                    graph_.get()),
       kUnconvertible);
  need(avfilter_graph_create_filter(&end_, avfilter_get_by_name("buffersink"), "out", nullptr, nullptr, graph_.get()),
       kUnconvertible);
  const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format));
  const bool from_rgb = pixels != nullptr && (pixels->flags & AV_PIX_FMT_FLAG_RGB) != 0;
  AVFilterInOut* open_inputs = nullptr;
  AVFilterInOut* open_outputs = nullptr;
  int error =
      avfilter_graph_parse2(graph_.get(), chain_of(clip_, raster_, from_rgb).c_str(), &open_inputs, &open_outputs);
  if (error >= 0) error = avfilter_link(begin_, 0, open_inputs->filter_ctx, 0);
  if (error >= 0) error = avfilter_link(open_outputs->filter_ctx, 0, end_, 0);
  avfilter_inout_free(&open_inputs);
  avfilter_inout_free(&open_outputs);
  if (error >= 0) error = avfilter_graph_config(graph_.get(), nullptr);
  need(error, kUnconvertible);
  width_ = frame->width;
  height_ = frame->height;
  format_ = frame->format;
  newest_ = 0;
}

bool PictureFilter::fits(const VideoCursor::Shown& shown) const {
  return graph_ && shown && shown.frame->width == width_ && shown.frame->height == height_ &&
         shown.frame->format == format_;
}

// What comes out once that frame is in: null when the graph holds it back. An empty one is the end.
Frame PictureFilter::push(const VideoCursor::Shown& shown) {
  Frame copy;
  if (shown) {
    copy.reset(av_frame_clone(shown.frame.get()));
    if (!copy) throw std::bad_alloc();
    copy->pts = pushed_++;
    copy->sample_aspect_ratio = {1, 1};
  }
  need(av_buffersrc_add_frame(begin_, copy.get()), kUnconvertible);
  newest_ = shown.serial;
  return pull();
}

Frame PictureFilter::pull() {
  Frame out = new_frame();
  const int error = av_buffersink_get_frame(end_, out.get());
  if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return nullptr;
  need(error, kUnconvertible);
  return out;
}

// The deinterlacer gives a frame when it has seen the next one, and makes it of both neighbours.
Frame PictureFilter::apply_to_fields(const VideoCursor::View& view) {
  if (!fits(view.current) || newest_ != view.current.serial) {
    build(view.current.frame.get());
    if (fits(view.previous)) push(view.previous);
    push(view.current);
  }
  if (fits(view.next)) return push(view.next);
  Frame out = push(VideoCursor::Shown());
  graph_.reset();
  return out;
}

Frame PictureFilter::apply(const VideoCursor::View& view) {
  Frame out;
  if (clip_.interlace != Interlace::kNone) {
    out = apply_to_fields(view);
  } else {
    if (!fits(view.current)) build(view.current.frame.get());
    out = push(view.current);
  }
  if (!out) fail(EINVAL, kUnconvertible);
  return out;
}

// --- encoder --------------------------------------------------------------------------------------------

FrameEncoder::FrameEncoder(ClipCodec codec, Raster raster, const ClipFacts& clip)
    : codec_(codec), raster_(raster), clip_(clip) {
  open();
}

void FrameEncoder::open() {
  const AVCodec* encoder = avcodec_find_encoder_by_name("dnxhd");
  if (encoder == nullptr) fail(ENOSYS, "the installed libavcodec has no DNxHR encoder");
  context_.reset(avcodec_alloc_context3(encoder));
  if (!context_) throw std::bad_alloc();
  context_->width = static_cast<int>(raster_.width);
  context_->height = static_cast<int>(raster_.height);
  context_->pix_fmt = AV_PIX_FMT_YUV422P;
  context_->time_base = {1, 25};
  context_->qmax = kMaxQuantizer;
  context_->thread_count = 1;
  context_->color_primaries = static_cast<AVColorPrimaries>(clip_.primaries);
  context_->color_trc = static_cast<AVColorTransferCharacteristic>(clip_.transfer);
  context_->colorspace = static_cast<AVColorSpace>(clip_.matrix);
  context_->color_range = AVCOL_RANGE_MPEG;
  av_opt_set(context_->priv_data, "profile", codec_ == ClipCodec::kDnxhrLb ? "dnxhr_lb" : "dnxhr_sq", 0);
  if (const int error = avcodec_open2(context_.get(), encoder, nullptr); error < 0) {
    fail(EINVAL, "a proxy of {}x{} cannot be encoded ({})", raster_.width, raster_.height, av_text(error));
  }
}

bool FrameEncoder::try_encode(const AVFrame* frame) {
  av_packet_unref(packet_.get());
  int error = avcodec_send_frame(context_.get(), frame);
  if (error >= 0) error = avcodec_receive_packet(context_.get(), packet_.get());
  if (error >= 0 && packet_->size == clip_frame_bytes(codec_, raster_)) return true;
  open();
  return false;
}

std::span<const uint8_t> FrameEncoder::encode(AVFrame* frame) {
  frame->pict_type = AV_PICTURE_TYPE_NONE;
  bool done = try_encode(frame);
  for (const auto simplify : {flatten, make_grey}) {
    if (done) break;
    need(av_frame_make_writable(frame), "no memory for a frame");
    simplify(frame);
    done = try_encode(frame);
  }
  if (!done) fail(EINVAL, "a frame of {}x{} cannot be encoded: {}", raster_.width, raster_.height, last_complaint());
  return {packet_->data, static_cast<size_t>(packet_->size)};
}

}  // namespace damfs::worker
