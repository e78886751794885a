// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

extern "C" {
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/media_types.h"
#include "catalog/media/worker/av_input.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/still/bitmap.h"
#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 30;  // of one packet

// Null: there is none. A name is that of the format, which several decoders may read.
const AVCodec* decoder_named(std::string_view name) {
  const AVCodecDescriptor* known = avcodec_descriptor_get_by_name(std::string(name).c_str());
  return known != nullptr ? avcodec_find_decoder(known->id) : nullptr;
}

// The whole file is the codec's one packet.
class OneFrame {
 public:
  OneFrame(Bytes bytes, std::string_view mime) {
    // Its first line says that it is one, and is the container's.
    constexpr size_t kFitsLine = 80;
    if (mime == "image/fits") bytes = bytes.subspan(std::min(kFitsLine, bytes.size()));
    const AVCodec* codec = decoder_named(media_type(mime).decoder);
    if (codec == nullptr) fail(EINVAL, "the installed libavcodec does not read {}", mime);
    if (std::ssize(bytes) > kMostBytes) fail(EFBIG, "the picture is larger than any program writes");
    context_.reset(avcodec_alloc_context3(codec));
    if (!context_ || av_new_packet(packet_.get(), static_cast<int>(bytes.size())) < 0) throw std::bad_alloc();
    std::copy(bytes.begin(), bytes.end(), packet_->data);
    context_->thread_count = 1;
    context_->flags |= AV_CODEC_FLAG_BITEXACT;
    context_->opaque = this;
    if (avcodec_open2(context_.get(), codec, nullptr) < 0) fail(EINVAL, "the picture cannot be decoded");
  }

  // What its head says: the decoder is stopped where it asks for memory for the pixels.
  Raster raster() {
    context_->get_buffer2 = [](AVCodecContext* context, AVFrame* frame, int) {
      static_cast<OneFrame*>(context->opaque)->asked_ = {frame->width, frame->height};
      return AVERROR(ECANCELED);
    };
    const Frame frame = new_frame();
    avcodec_send_packet(context_.get(), packet_.get());
    avcodec_receive_frame(context_.get(), frame.get());
    if (!asked_) fail(EINVAL, "the picture is damaged: {}", last_complaint());
    return asked_;
  }

  Frame decoded() {
    Frame frame = new_frame();
    int error = avcodec_send_packet(context_.get(), packet_.get());
    if (error >= 0) error = avcodec_receive_frame(context_.get(), frame.get());
    if (error < 0) fail(EINVAL, "the picture is damaged: {} ({})", last_complaint(), av_text(error));
    return frame;
  }

 private:
  CodecContext context_;
  Packet packet_ = new_packet();
  Raster asked_;
};

// The kinds of pixels that are kept of all that codecs make: colours, more than eight bits of them, opacity.
struct Kept {
  AVPixelFormat format;
  int bands;
  VipsBandFormat samples;
  VipsInterpretation meaning;
};

Kept kept_of(AVPixelFormat format) {
  const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(format);
  if (pixels == nullptr) fail(EINVAL, "the picture's pixels cannot be converted");
  const bool alpha = (pixels->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 || format == AV_PIX_FMT_PAL8;
  if (pixels->comp[0].depth > 8) {
    return alpha ? Kept{AV_PIX_FMT_RGBA64, 4, VIPS_FORMAT_USHORT, VIPS_INTERPRETATION_RGB16}
                 : Kept{AV_PIX_FMT_RGB48, 3, VIPS_FORMAT_USHORT, VIPS_INTERPRETATION_RGB16};
  }
  return alpha ? Kept{AV_PIX_FMT_RGBA, 4, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB}
               : Kept{AV_PIX_FMT_RGB24, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB};
}

struct SwsDeleter {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

// Opacity that is nothing everywhere is a field that its writer left out.
Image but_not_invisible(Image image) {
  if (vips_image_get_bands(image.get()) != 4) return image;
  VipsImage* made = nullptr;
  if (vips_extract_band(image.get(), &made, 3, nullptr) != 0) damaged_picture();
  const Image alpha(made);
  double most = 0;
  if (vips_max(alpha.get(), &most, nullptr) != 0) damaged_picture();
  if (most > 0) return image;
  if (vips_extract_band(image.get(), &made, 0, "n", 3, nullptr) != 0) damaged_picture();
  const Image colours(made);
  return in_memory(made);
}

Image converted(const AVFrame* frame) {
  const auto format = static_cast<AVPixelFormat>(frame->format);
  const Kept kept = kept_of(format);
  Image image(vips_image_new_memory());
  if (!image) throw std::bad_alloc();
  vips_image_init_fields(image.get(), frame->width, frame->height, kept.bands, kept.samples, VIPS_CODING_NONE,
                         kept.meaning, 1, 1);
  if (vips_image_write_prepare(image.get()) != 0) damaged_picture();
  const std::unique_ptr<SwsContext, SwsDeleter> scaler(
      sws_getContext(frame->width, frame->height, without_j(format), frame->width, frame->height, kept.format,
                     SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr, nullptr, nullptr));
  if (!scaler) fail(EINVAL, "the picture's pixels cannot be converted");
  uint8_t* const rows[] = {VIPS_IMAGE_ADDR(image.get(), 0, 0), nullptr, nullptr, nullptr};
  const int strides[] = {static_cast<int>(VIPS_IMAGE_SIZEOF_LINE(image.get())), 0, 0, 0};
  if (sws_scale(scaler.get(), frame->data, frame->linesize, 0, frame->height, rows, strides) != frame->height) {
    fail(EINVAL, "the picture's pixels cannot be converted");
  }
  return but_not_invisible(std::move(image));
}

Image converted(const MaskedBitmap& bitmap) {
  const std::vector<uint8_t> pixels = bitmap.pixels();
  const Raster size = bitmap.raster();
  Image image(vips_image_new_from_memory_copy(pixels.data(), pixels.size(), static_cast<int>(size.width),
                                              static_cast<int>(size.height), bitmap.has_alpha() ? 4 : 3,
                                              VIPS_FORMAT_UCHAR));
  if (!image) damaged_picture();
  image->Type = VIPS_INTERPRETATION_sRGB;
  return but_not_invisible(std::move(image));
}

bool is_icon(std::string_view mime) { return mime == "image/vnd.microsoft.icon" || mime == "image/x-win-bitmap"; }

std::string_view mime_in_icon(const IconPicture& picture) { return picture.is_png ? "image/png" : "image/bmp"; }

IconPicture picture_of_icon(Bytes bytes) {
  auto picture = largest_in_icon(bytes);
  if (!picture) fail(EINVAL, "the icon holds no picture");
  return *std::move(picture);
}

// By the decoder; a bitmap that it does not know, by its masks; an icon, by the picture in it.
template <typename OfFrame, typename OfBitmap>
std::invoke_result_t<OfFrame, OneFrame&> read_by_codec(Bytes bytes, std::string_view mime, const OfFrame& of_frame,
                                                       const OfBitmap& of_bitmap) {
  if (is_icon(mime)) {
    const IconPicture picture = picture_of_icon(bytes);
    return read_by_codec(Bytes(picture.file), mime_in_icon(picture), of_frame, of_bitmap);
  }
  try {
    OneFrame frame(bytes, mime);
    return of_frame(frame);
  } catch (const Error&) {
    if (const auto bitmap = MaskedBitmap::of(bytes)) return of_bitmap(*bitmap);
    throw;
  }
}

class CodecPicture final : public Picture {
 public:
  CodecPicture(Bytes bytes, std::string_view mime) : image_(codec_decoded(bytes, mime)) {}

  Image at(Raster target) override { return settled_at(image_.get(), target); }

 private:
  const Image image_;
};

}  // namespace

Image codec_decoded(Bytes bytes, std::string_view mime) {
  return read_by_codec(
      bytes, mime, [](OneFrame& frame) { return converted(frame.decoded().get()); },
      [](const MaskedBitmap& bitmap) { return converted(bitmap); });
}

Raster codec_raster(Bytes bytes, std::string_view mime) {
  return read_by_codec(
      bytes, mime, [](OneFrame& frame) { return frame.raster(); },
      [](const MaskedBitmap& bitmap) { return bitmap.raster(); });
}

PictureRef codec_picture(Bytes bytes, std::string_view mime) { return std::make_unique<CodecPicture>(bytes, mime); }

}  // namespace damfs::worker
