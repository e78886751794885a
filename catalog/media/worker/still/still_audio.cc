// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/still_audio.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/still/frame_reader.h"
#include "catalog/media/worker/still/picture.h"
#include "catalog/media/worker/still/waveform.h"

namespace damfs::worker {
namespace {

// Of more than this, an evenly spread part is decoded.
constexpr double kMaxDecoded = 600;  // seconds

Raster upright_raster(Bytes bytes) {
  try {
    const ImageSource source = image_source(bytes);
    const Image image = open_image(bytes, source.get());
    return upright(raster_of(image.get()), orientation_of(image.get(), bytes));
  } catch (const Error&) {
    return {};  // no picture that can be read
  }
}

// The first embedded picture that can be read; empty: there is none.
Bytes cover_of(const AVFormatContext* format) {
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    const AVStream* stream = format->streams[i];
    const AVPacket& picture = stream->attached_pic;
    if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0 || picture.size <= 0) continue;
    const Bytes bytes(picture.data, static_cast<size_t>(picture.size));
    if (upright_raster(bytes)) return bytes;
  }
  return {};
}

template <typename Sample>
void add_samples(const AVFrame* frame, double zero, double full, Waveform& waveform, double start) {
  const int channels = frame->ch_layout.nb_channels;
  const bool planar = av_sample_fmt_is_planar(static_cast<AVSampleFormat>(frame->format)) != 0;
  for (int i = 0; i < frame->nb_samples; ++i) {
    const double time = start + static_cast<double>(i) / frame->sample_rate;
    for (int channel = 0; channel < channels; ++channel) {
      const auto* samples = reinterpret_cast<const Sample*>(frame->extended_data[planar ? channel : 0]);
      const double value = static_cast<double>(samples[planar ? i : i * channels + channel]);
      waveform.add(time, (value - zero) / full);
    }
  }
}

void add_frame(const AVFrame* frame, Waveform& waveform, double start) {
  switch (av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame->format))) {
    case AV_SAMPLE_FMT_U8: return add_samples<uint8_t>(frame, 128, 128, waveform, start);
    case AV_SAMPLE_FMT_S16: return add_samples<int16_t>(frame, 0, 32768, waveform, start);
    case AV_SAMPLE_FMT_S32: return add_samples<int32_t>(frame, 0, 2147483648.0, waveform, start);
    case AV_SAMPLE_FMT_FLT: return add_samples<float>(frame, 0, 1, waveform, start);
    case AV_SAMPLE_FMT_DBL: return add_samples<double>(frame, 0, 1, waveform, start);
    default: fail(EINVAL, "the sound's samples are of a kind that is not read");
  }
}

// Of a long recording, the beginning of each column of the drawing.
std::function<bool(const AVPacket&)> part_of(double duration, AVRational tick) {
  if (duration <= kMaxDecoded) return {};
  return [=](const AVPacket& packet) {
    const int64_t ticks = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (ticks == AV_NOPTS_VALUE) return true;
    const double column = duration / Waveform::kColumns;
    const double inside = std::fmod(static_cast<double>(ticks) * av_q2d(tick), column);
    return inside < kMaxDecoded / Waveform::kColumns;
  };
}

Image draw_waveform(AVFormatContext* format, AVStream* stream) {
  FrameReader reader(format, stream);
  reader.wants = part_of(static_cast<double>(format->duration) / AV_TIME_BASE, stream->time_base);
  const Frame frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  const int64_t origin = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
  Waveform waveform;
  double behind = 0;  // of the last frame, for those that say no time
  while (reader.next(frame.get())) {
    const int64_t ticks = frame->best_effort_timestamp;
    const double start =
        ticks != AV_NOPTS_VALUE ? static_cast<double>(ticks - origin) * av_q2d(stream->time_base) : behind;
    if (frame->sample_rate > 0) {
      add_frame(frame.get(), waveform, start);
      behind = start + static_cast<double>(frame->nb_samples) / frame->sample_rate;
    }
    av_frame_unref(frame.get());
  }
  if (waveform.is_empty()) {
    const std::string why = last_complaint();
    fail(EINVAL, "no sound can be decoded{}{}", why.empty() ? "" : ": ", why);
  }
  return waveform.draw();
}

class AudioPicture final : public Picture {
 public:
  AudioPicture(const Source& source, Reuse reuse) : input_(source) {
    input_.find_streams();
    if (const Bytes cover = cover_of(input_.get()); !cover.empty()) {
      cover_ = image_picture(cover, std::nullopt, reuse);
      return;
    }
    AVStream* stream = input_.best(AVMEDIA_TYPE_AUDIO);
    if (stream == nullptr) fail(EINVAL, "no sound is in it");
    waveform_ = draw_waveform(input_.get(), stream);
  }

  Image at(Raster target) override {
    if (cover_) return cover_->at(target);
    VipsImage* small = nullptr;
    if (vips_thumbnail_image(waveform_.get(), &small, static_cast<int>(target.width), "height",
                             static_cast<int>(target.height), "size", VIPS_SIZE_FORCE, nullptr) != 0) {
      damaged_picture();
    }
    return settled(Image(small));
  }

 private:
  MediaInput input_;
  PictureRef cover_;
  Image waveform_;
};

}  // namespace

Raster audio_raster(const AVFormatContext* format) {
  const Bytes cover = cover_of(format);
  return cover.empty() ? Raster{Waveform::kColumns, Waveform::kRows} : upright_raster(cover);
}

PictureRef audio_picture(const Source& source, Reuse reuse) { return std::make_unique<AudioPicture>(source, reuse); }

}  // namespace damfs::worker
