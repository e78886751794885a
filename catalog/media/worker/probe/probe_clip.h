// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/media/clip.h"
#include "catalog/media/worker/av_input.h"

namespace damfs::worker {

// When a video stream's frames are shown, from the container's table where it has a whole one, else from a walk over
// its packets to the file's end.
struct FrameTimes {
  int64_t count = 0;
  bool variable = false;
  bool walked = false;          // `first` and `last` are known where frames have times, and `format` is at its end
  bool timed = false;           // they have
  int64_t first = 0, last = 0;  // ticks of the stream's clock
  // From one frame to the next: of a constant rate those that keep it alone, for a frame that a recorder dropped makes
  // no other rate.
  int64_t steps = 0, ticks = 0;
  Rational rate(AVRational tick) const;  // 0/1 where it is not known
};
FrameTimes frame_times(AVFormatContext* format, AVStream* stream);

// What an editing proxy is laid out from; empty where none can be declared. Nothing is decoded for it.
std::optional<ClipFacts> video_clip(AVFormatContext* format, AVStream* video, const FrameTimes& times,
                                    const std::string& timecode);
// `time_reference`: its first sample's number since midnight, as broadcast recorders write it; empty: none.
std::optional<ClipFacts> sound_clip(AVFormatContext* format, AVStream* audio, const std::string& time_reference);

}  // namespace damfs::worker
