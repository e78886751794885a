// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/frame_reader.h"

namespace damfs::worker {

FrameReader::FrameReader(AVFormatContext* format, AVStream* stream)
    : format_(format), stream_(stream), decoder_(open_decoder(stream, 1)), packet_(av_packet_alloc()) {
  if (!packet_) throw std::bad_alloc();
  keep_only(format, stream);
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
