// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

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
#include "catalog/media/worker/still/frame_reader.h"
#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {
namespace {

// From the key frame before the moment to the moment: enough for ten minutes between key frames.
constexpr int kMaxFrames = 20'000;

struct ScalerDeleter {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
using Scaler = std::unique_ptr<SwsContext, ScalerDeleter>;

// The last frame that starts at or before `moment`, in the stream's ticks; of a shorter video the last one. Null: none
// can be decoded. Frames without times follow each other by `step`.
Frame frame_at(FrameReader& reader, int64_t moment, int64_t start, int64_t step) {
  Frame best;
  Frame next = new_frame();
  int64_t behind = start;
  for (int i = 0; i < kMaxFrames && reader.next(next.get()); ++i) {
    const bool damaged = (next->flags & AV_FRAME_FLAG_CORRUPT) != 0 || next->decode_error_flags != 0;
    const int64_t told = next->best_effort_timestamp;
    const int64_t time = told != AV_NOPTS_VALUE ? told : behind;
    behind = time + step;
    if (best && time > moment) return best;
    if (!damaged) {
      if (!best) best = new_frame();
      std::swap(best, next);
    }
    av_frame_unref(next.get());
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

Image to_rgb(const AVFrame* frame, Raster raster) {
  const int width = static_cast<int>(raster.width);
  const int height = static_cast<int>(raster.height);
  const AVPixelFormat format = without_j(static_cast<AVPixelFormat>(frame->format));
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

Image turned(Image image, Turn turn) {
  if (turn.degrees == 0 && !turn.mirrored) return image;
  const VipsAngle angle = turn.degrees == 0     ? VIPS_ANGLE_D0
                          : turn.degrees == 90  ? VIPS_ANGLE_D90
                          : turn.degrees == 180 ? VIPS_ANGLE_D180
                                                : VIPS_ANGLE_D270;
  VipsImage* made = nullptr;
  if (vips_rot(image.get(), &made, angle, nullptr) != 0) fail(EIO, "the frame cannot be turned: {}", vips_complaint());
  Image upright(made);
  if (turn.mirrored) {
    if (vips_flip(upright.get(), &made, VIPS_DIRECTION_HORIZONTAL, nullptr) != 0) damaged_picture();
    upright.reset(made);
  }
  Image in_memory(vips_image_copy_memory(upright.get()));
  if (!in_memory) fail(EIO, "the frame cannot be turned: {}", vips_complaint());
  return in_memory;
}

// The frame is found once and scaled for each raster.
class VideoPicture final : public Picture {
 public:
  VideoPicture(const Source& source, int64_t seek_us) {
    frame_ = found_in(source, seek_us, true);
    // Where a jump leads behind the only key frame, as it may in a stream without an index.
    if (!frame_ && seek_us != 0) frame_ = found_in(source, seek_us, false);
    if (frame_) return;
    const std::string why = last_complaint();
    fail(EINVAL, "no frame of the video can be decoded{}{}", why.empty() ? "" : ": ", why);
  }

  Image at(Raster target) override {
    const Raster stored = turn_.degrees % 180 == 0 ? target : Raster{target.height, target.width};
    return turned(to_rgb(frame_.get(), stored), turn_);
  }

 private:
  Frame found_in(const Source& source, int64_t seek_us, bool jumps) {
    MediaInput input(source);
    input.find_streams();
    AVStream* stream = input.best(AVMEDIA_TYPE_VIDEO);
    if (stream == nullptr) fail(EINVAL, "no picture is in it");
    turn_ = turn_of(stream);
    const int64_t start = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
    if (seek_us == kMomentOfLength) seek_us = moment_to_show(std::max<int64_t>(input.get()->duration, 0));
    const int64_t moment = start + av_rescale_q(seek_us, AVRational{1, AV_TIME_BASE}, stream->time_base);
    const AVRational rate = stream->avg_frame_rate.num > 0 ? stream->avg_frame_rate : stream->r_frame_rate;
    const int64_t step =
        rate.num > 0 && rate.den > 0 ? std::max<int64_t>(1, av_rescale_q(1, av_inv_q(rate), stream->time_base)) : 1;
    FrameReader reader(input.get(), stream);
    // A container without an index plays from its beginning instead.
    if (jumps && moment > start) av_seek_frame(input.get(), stream->index, moment, AVSEEK_FLAG_BACKWARD);
    return frame_at(reader, moment, start, step);
  }

  Turn turn_;
  Frame frame_;
};

}  // namespace

PictureRef video_picture(const Source& source, int64_t seek_us) {
  return std::make_unique<VideoPicture>(source, seek_us);
}

}  // namespace damfs::worker
