// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include "catalog/media/worker/av_input.h"

namespace damfs::worker {

// Decodes one stream of a container and gives its frames one by one.
class FrameReader {
 public:
  FrameReader(AVFormatContext* format, AVStream* stream);  // throws Error where there is no decoder

  // False at the end. Packets that do not decode are passed over.
  bool next(AVFrame* frame);

  // Before a packet is decoded: false passes over it, and what comes next is decoded afresh.
  std::function<bool(const AVPacket&)> wants;

 private:
  void feed();
  bool is_wanted();

  AVFormatContext* format_;
  AVStream* stream_;
  CodecContext decoder_;
  Packet packet_;
  bool skipped_ = false;
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace damfs::worker
