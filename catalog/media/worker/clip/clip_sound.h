// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "catalog/media/clip.h"
#include "catalog/media/worker/av_input.h"

namespace damfs::worker {

// One track of a clip as 16-bit samples, counted from the start of the clip's grid. It is decoded in blocks of some
// seconds, each by a decoder of its own that begins at a packet which follows from the block's place alone: so the
// samples do not depend on what was read before. Reading on goes on with the packets at hand.
class SoundCursor {
 public:
  SoundCursor(const Source& source, const ClipFacts& clip, const ClipSound& track);  // borrowed
  // Interleaved samples [k * sample_rate, (k + 1) * sample_rate). Valid until the next call.
  std::span<const int16_t> second(int64_t k);

 private:
  struct Piece {     // what one frame gave
    int64_t at = 0;  // in samples on the grid
    bool timed = false;
    std::vector<int16_t> samples;
  };
  class Decoding;

  int64_t position_of(int64_t time) const;
  int64_t time_of(int64_t position) const;
  int64_t tick() const;  // of the stream's clock, in samples, rounded up

  void open();
  Packet read();
  bool seek_before(int64_t time);
  void go_to(int64_t block);
  std::vector<Piece> decode_block(int64_t block);
  int64_t on_edge(int64_t at, int64_t grid) const;
  void place(std::vector<Piece>& pieces, bool from_start) const;
  void copy(const std::vector<Piece>& pieces, int64_t block);

  const Source& source_;
  const ClipFacts& clip_;
  const ClipSound& track_;
  int64_t seconds_;  // of a block

  std::unique_ptr<MediaInput> input_;
  AVStream* stream_ = nullptr;
  int64_t first_end_ = 0;  // where the file's first frame ends, in samples on the grid: frames' edges count from there
  std::deque<Packet> ahead_;  // read already and still needed: what the next block begins with
  int64_t next_block_ = -1;   // the one that `ahead_` and what follows it begin; -1: none

  int64_t block_ = -1;  // the one in `samples_`
  std::vector<int16_t> samples_;
};

}  // namespace damfs::worker
