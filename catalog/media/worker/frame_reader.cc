// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/frame_reader.h"

#include <cerrno>

#include "catalog/base/error.h"

namespace damfs::worker {
namespace {

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
  if (error < 0) fail(EINVAL, "the recording cannot be decoded ({})", av_text(error));
  return context;
}

}  // namespace

FrameReader::FrameReader(AVFormatContext* format, AVStream* stream)
    : format_(format), stream_(stream), decoder_(open_decoder(stream)), packet_(av_packet_alloc()) {
  if (!packet_) throw std::bad_alloc();
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    if (format->streams[i] != stream) format->streams[i]->discard = AVDISCARD_ALL;
  }
}

bool FrameReader::next(AVFrame* frame) {
  for (;;) {
    const int got = avcodec_receive_frame(decoder_.get(), frame);
    if (got >= 0) return true;
    if (got == AVERROR_EOF || ended_) return false;
    feed();
  }
}

bool FrameReader::is_wanted() {
  if (packet_->stream_index != stream_->index) return false;
  if (wants && !wants(*packet_)) {
    skipped_ = true;
    return false;
  }
  if (skipped_) avcodec_flush_buffers(decoder_.get());
  skipped_ = false;
  return true;
}

void FrameReader::feed() {
  while (av_read_frame(format_, packet_.get()) >= 0) {
    const int sent = is_wanted() ? avcodec_send_packet(decoder_.get(), packet_.get()) : AVERROR(EAGAIN);
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

}  // namespace damfs::worker
