// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

#include <memory>
#include <string>
#include <vector>

#include "catalog/media/facts.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

struct CodecContextDeleter {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
using CodecContext = std::unique_ptr<AVCodecContext, CodecContextDeleter>;

struct FrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using Frame = std::unique_ptr<AVFrame, FrameDeleter>;

struct PacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Packet = std::unique_ptr<AVPacket, PacketDeleter>;

struct IoDeleter {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
using Io = std::unique_ptr<AVIOContext, IoDeleter>;

Frame new_frame();
Packet new_packet();

inline AVRational av(Rational value) { return {static_cast<int>(value.num), static_cast<int>(value.den)}; }

std::string av_text(int error);  // what libav calls that error

// A container opened for reading through pread on the source's descriptor; nothing else is ever opened, and
// formats that would (playlists, image sequences) are refused.
class MediaInput {
 public:
  explicit MediaInput(const Source& source)
      : MediaInput(source, AVMEDIA_TYPE_UNKNOWN, 0) {}  // throws Error with a sentence
  // For one stream, named by its kind and its place among all. Of an MP4's other tracks, whose lists of samples make
  // up most of the time a long recording takes to open, only those of the same kind are looked at.
  MediaInput(const Source& source, AVMediaType kind, int stream);
  ~MediaInput();
  MediaInput(const MediaInput&) = delete;
  MediaInput& operator=(const MediaInput&) = delete;

  // Parses far enough to know every stream.
  void find_streams();
  AVFormatContext* get() const { return format_; }
  // The stream that a player shows: null when there is none. An attached picture is no video.
  AVStream* best(AVMediaType type) const;
  // The one that was asked for; null when it is not there, or of another kind.
  AVStream* wanted() const;

 private:
  void hide_others();
  static int read(void* opaque, uint8_t* buffer, int size);
  static int64_t seek(void* opaque, int64_t offset, int whence);

  const Source& source_;
  const AVMediaType kind_;
  int wanted_;                   // among the streams that are looked at
  std::vector<int64_t> hidden_;  // where the types of the other tracks' boxes stand, in ascending order
  int64_t position_ = 0;
  Io io_;
  AVFormatContext* format_ = nullptr;
};

// Has the container give the packets of one stream alone.
void keep_only(AVFormatContext* format, const AVStream* stream);

// Calls `visit` with each packet of one stream, from where the container stands to its end.
template <typename Visit>
void walk_packets(AVFormatContext* format, const AVStream* stream, Visit visit) {
  keep_only(format, stream);
  const Packet packet = new_packet();
  while (av_read_frame(format, packet.get()) >= 0) {
    if (packet->stream_index == stream->index) visit(*packet);
    av_packet_unref(packet.get());
  }
}

// A stream's decoder. It picks how to share the work: what it gives does not depend on the number of threads.
CodecContext open_decoder(const AVStream* stream, int threads);

// The old names for full-range YCbCr make the scaler print a warning and guess; these are what they mean.
AVPixelFormat without_j(AVPixelFormat format);

// What a stream's display matrix asks for: to be turned clockwise by 0, 90, 180 or 270 degrees, and then to have its
// left on the right.
struct Turn {
  int degrees = 0;
  bool mirrored = false;
};
Turn turn_of(const AVStream* stream);

// Width over height of one stored pixel; 1:1 when nobody says.
Rational sample_aspect_of(AVFormatContext* format, AVStream* stream);

// The upright raster with square pixels of a stored one: the edge that is too short grows.
Raster square_pixels(Raster coded, Rational aspect, int rotation);

}  // namespace damfs::worker
