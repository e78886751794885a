// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "catalog/media/clip.h"
#include "catalog/media/worker/av_input.h"
#include "catalog/media/worker/clip/clip_index.h"

namespace damfs::worker {

// A decoder that stands somewhere in a clip's pictures and finds the frame for any place of the proxy's grid. Which
// one that is, and its pixels, depend on the source and the place alone: not on where it stood, nor on its threads.
class VideoCursor {
 public:
  // All but `threads` is borrowed. `index` null: there is none; `serials` is counted on for every frame.
  VideoCursor(const Source& source, const ClipFacts& clip, const KeyFrameIndex* index, uint64_t& serials, int threads);

  struct Shown {
    Frame frame;
    int64_t place = 0;          // on the grid
    uint64_t serial = 0;        // another one for every frame decoded
    bool doubtful = false;      // see `errors_before_`
    bool gap_doubtful = false;  // and so is whether others were to come before it
    explicit operator bool() const { return frame != nullptr; }
  };
  // The frame for a place, with those before and behind it (empty: there is none), which deinterlacing looks at.
  struct View {
    const Shown& previous;
    const Shown& current;
    const Shown& next;
  };
  // Valid until the next call. Throws Error when nothing of the source can be decoded.
  View at(int64_t n);

  // Whether it gets there without a jump.
  bool goes_on_to(int64_t n) const;
  void use(const KeyFrameIndex* index) { index_ = index; }

 private:
  int64_t place_of(int64_t time) const;
  int64_t time_of(int64_t n) const;

  int64_t time_shown(const AVFrame* frame) const;

  void open();
  Shown decode();
  bool read_packet();
  bool is_entry();
  bool feed();
  bool take(AVFrame* frame);

  void advance(int64_t n);
  void jump(int64_t n, bool plain);
  bool jump_by_time(int64_t time);
  bool jump_by_index(const KeyFrameIndex::Entry& entry);
  void begin_anew();
  bool is_doubtful(int64_t n) const;
  bool errs() const;
  void pass_key(const AVFrame* frame);
  bool land(int64_t n);
  bool enter(int64_t n);
  bool is_proper(int64_t n) const;

  const Source& source_;
  const ClipFacts& clip_;
  const KeyFrameIndex* index_;
  uint64_t& serials_;
  int threads_;

  std::unique_ptr<MediaInput> input_;
  AVStream* stream_ = nullptr;
  CodecContext decoder_;
  Packet packet_ = new_packet();

  Shown previous_, current_, next_;
  bool from_start_ = false;  // decoded from the file's first packet on, without a jump
  bool draining_ = false;
  int64_t fed_time_ = 0;   // the latest of all that was fed
  int64_t last_time_ = 0;  // of the newest frame
  // Where decoding began after a jump: the first key frame's packet.
  struct Entry {
    bool found = false;
    int passed_over = 0;  // packets before it
    int64_t time = AV_NOPTS_VALUE;
    bool hidden = false;   // its frame is never shown
    bool damaged = false;  // its frame is no good to begin with
  };
  Entry entry_;
  // Whether something did not decode, and no key frame has mended it. What comes out then depends on how the decoder
  // made up for it, and so on its threads and on what it had seen: it counts only from a decoder that is `plain_`, one
  // thread that began at the key frame before and skipped nothing. Frames themselves tell of it unreliably when
  // several threads are at them, so what libav reports is counted.
  uint64_t errors_before_ = 0;                 // reported when what is being decoded was sound
  std::map<int64_t, uint64_t> errors_at_key_;  // by the time of each key frame on its way: when it was fed
  bool plain_ = false;
  // Frames before this place that no other needs are not decoded.
  int64_t skip_before_ = 0;
  bool skipped_ = false;
};

}  // namespace damfs::worker
