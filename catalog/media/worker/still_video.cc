// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still_video.h"

extern "C" {
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/av_input.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {
namespace {

// From the key frame before the moment to the moment: enough for ten minutes between key frames.
constexpr int kMaxFrames = 20'000;

struct ScalerDeleter {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
using Scaler = std::unique_ptr<SwsContext, ScalerDeleter>;

CodecContext open_decoder(const AVStream* stream) {
  const AVCodec* codec = avcodec_find_decoder(stream->codecpar->codec_id);
  if (codec == nullptr) fail(EINVAL, "no decoder for {}", avcodec_get_name(stream->codecpar->codec_id));
  CodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_BITEXACT;
  context->pkt_timebase = stream->time_base;
  int error = avcodec_parameters_to_context(context.get(), stream->codecpar);
  if (error >= 0) error = avcodec_open2(context.get(), codec, nullptr);
  if (error < 0) fail(EINVAL, "the video cannot be decoded ({})", av_text(error));
  return context;
}

// Feeds a decoder and gives its frames one by one.
class FrameReader {
 public:
  FrameReader(AVFormatContext* format, AVStream* stream)
      : format_(format), stream_(stream), decoder_(open_decoder(stream)), packet_(av_packet_alloc()) {
    if (!packet_) throw std::bad_alloc();
    for (unsigned i = 0; i < format->nb_streams; ++i) {
      if (format->streams[i] != stream) format->streams[i]->discard = AVDISCARD_ALL;
    }
  }

  // False at the end. Packets that do not decode are passed over.
  bool next(AVFrame* frame) {
    for (;;) {
      const int got = avcodec_receive_frame(decoder_.get(), frame);
      if (got >= 0) return true;
      if (got == AVERROR_EOF || ended_) return false;
      feed();
    }
  }

 private:
  void feed() {
    while (av_read_frame(format_, packet_.get()) >= 0) {
      const bool ours = packet_->stream_index == stream_->index;
      const int sent = ours ? avcodec_send_packet(decoder_.get(), packet_.get()) : AVERROR(EAGAIN);
      av_packet_unref(packet_.get());
      if (sent >= 0) return;
    }
    if (!draining_) {
      draining_ = true;
      avcodec_send_packet(decoder_.get(), nullptr);
    } else {
      ended_ = true;
    }
  }

  AVFormatContext* format_;
  AVStream* stream_;
  CodecContext decoder_;
  Packet packet_;
  bool draining_ = false;
  bool ended_ = false;
};

// The last frame that starts at or before `moment`, in the stream's ticks; of a shorter video the last one.
Frame frame_at(FrameReader& reader, int64_t moment) {
  Frame best(av_frame_alloc());
  Frame next(av_frame_alloc());
  if (!best || !next) throw std::bad_alloc();
  bool found = false;
  for (int i = 0; i < kMaxFrames && reader.next(next.get()); ++i) {
    const bool damaged = (next->flags & AV_FRAME_FLAG_CORRUPT) != 0 || next->decode_error_flags != 0;
    const int64_t time = next->best_effort_timestamp;
    if (found && time != AV_NOPTS_VALUE && time > moment) return best;
    if (!damaged) {
      std::swap(best, next);
      found = true;
    }
    av_frame_unref(next.get());
  }
  if (!found) {
    const std::string why = last_complaint();
    fail(EINVAL, "no frame of the video can be decoded{}{}", why.empty() ? "" : ": ", why);
  }
  return best;
}

int matrix_of(const AVFrame* frame) {
  switch (frame->colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    default: return frame->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;  // as players guess
  }
}

// The old names for full-range YCbCr make the scaler print a warning and guess; these are what they mean.
AVPixelFormat without_j(int format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    default: return static_cast<AVPixelFormat>(format);
  }
}

Image to_rgb(const AVFrame* frame, Raster raster) {
  const int width = static_cast<int>(raster.width);
  const int height = static_cast<int>(raster.height);
  const AVPixelFormat format = without_j(frame->format);
  const bool full_range = frame->color_range == AVCOL_RANGE_JPEG || format != frame->format;
  const Scaler scaler(sws_getContext(frame->width, frame->height, format, width, height, AV_PIX_FMT_RGB24,
                                     SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr, nullptr,
                                     nullptr));
  if (!scaler) fail(EINVAL, "the video's pixels cannot be converted");
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(matrix_of(frame)), full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  // The scaler writes whole vectors: rows of their own length, and room behind the last.
  const int stride = (width * 3 + 63) / 64 * 64;
  std::vector<uint8_t> rows(static_cast<size_t>(stride) * static_cast<size_t>(height) + 64);
  std::array<uint8_t*, 4> planes{rows.data(), nullptr, nullptr, nullptr};
  std::array<int, 4> strides{stride, 0, 0, 0};
  if (sws_scale(scaler.get(), frame->data, frame->linesize, 0, frame->height, planes.data(), strides.data()) !=
      height) {
    fail(EINVAL, "the video's pixels cannot be converted");
  }
  std::vector<uint8_t> packed(static_cast<size_t>(width) * 3 * static_cast<size_t>(height));
  for (int y = 0; y < height; ++y) {
    std::copy_n(rows.data() + static_cast<size_t>(y) * static_cast<size_t>(stride), static_cast<size_t>(width) * 3,
                packed.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3);
  }
  Image image(vips_image_new_from_memory_copy(packed.data(), packed.size(), width, height, 3, VIPS_FORMAT_UCHAR));
  if (!image) fail(EIO, "the video's frame cannot be kept: {}", vips_complaint());
  image->Type = VIPS_INTERPRETATION_sRGB;
  return image;
}

Image rotate(Image image, int degrees) {
  if (degrees == 0) return image;
  const VipsAngle angle = degrees == 90 ? VIPS_ANGLE_D90 : degrees == 180 ? VIPS_ANGLE_D180 : VIPS_ANGLE_D270;
  VipsImage* turned = nullptr;
  if (vips_rot(image.get(), &turned, angle, nullptr) != 0)
    fail(EIO, "the frame cannot be turned: {}", vips_complaint());
  const Image owner(turned);
  Image in_memory(vips_image_copy_memory(turned));
  if (!in_memory) fail(EIO, "the frame cannot be turned: {}", vips_complaint());
  return in_memory;
}

}  // namespace

Image video_frame(const Source& source, Raster target, int64_t seek_us) {
  MediaInput input(source);
  input.find_streams();
  AVStream* stream = input.best(AVMEDIA_TYPE_VIDEO);
  if (stream == nullptr) fail(EINVAL, "no picture is in it");
  const int rotation = rotation_of(stream);
  const int64_t start = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
  const int64_t moment = start + av_rescale_q(seek_us, AVRational{1, AV_TIME_BASE}, stream->time_base);
  FrameReader reader(input.get(), stream);
  // A container without an index plays from its beginning instead.
  if (moment > start) av_seek_frame(input.get(), stream->index, moment, AVSEEK_FLAG_BACKWARD);
  const Frame frame = frame_at(reader, moment);
  const Raster stored = rotation % 180 == 0 ? target : Raster{target.height, target.width};
  return rotate(to_rgb(frame.get(), stored), rotation);
}

}  // namespace damfs::worker
