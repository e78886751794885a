// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/clip/clip_cursor.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"

namespace damfs::worker {
namespace {

constexpr int64_t kNowhere = std::numeric_limits<int64_t>::min();
// A jump throws away what the decoder has begun, so a few frames are sooner decoded.
constexpr int64_t kNear = 8;
// Where nobody knows of a key frame on the way, a jump pays from here on.
constexpr double kFarSeconds = 2;
// So many packets in a row without a key frame among them, and their container does not know of any.
constexpr int kMostWithoutKey = 2000;
// Frames this near to the wanted one are decoded all: it may be missing, and its neighbours are looked at.
constexpr int64_t kNeighbours = 4;
constexpr double kFirstPictureStep = 0.3;  // seconds back, when a jump led too far; then three times as many

bool is_damaged(const AVFrame* frame) {
  return (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0;
}

// Only there is every sample known from the start; elsewhere an index is filled while packets go by.
bool knows_key_frames(const AVFormatContext* format) {
  return std::string_view(format->iformat->name).find("mp4") != std::string_view::npos;
}

}  // namespace

VideoCursor::VideoCursor(const Source& source, const ClipFacts& clip, const KeyFrameIndex* index, uint64_t& serials,
                         int threads)
    : source_(source), clip_(clip), index_(index), serials_(serials), threads_(threads) {
  open();
}

int64_t VideoCursor::place_of(int64_t time) const {
  const AVRational frame = av_inv_q(av(clip_.rate));
  return av_rescale_q_rnd(time - clip_.start, stream_->time_base, frame, AV_ROUND_NEAR_INF);
}

int64_t VideoCursor::time_of(int64_t n) const {
  return clip_.start + av_rescale_q(n, av_inv_q(av(clip_.rate)), stream_->time_base);
}

void VideoCursor::open() {
  input_ = std::make_unique<MediaInput>(source_, AVMEDIA_TYPE_VIDEO, clip_.stream);
  input_->find_streams();
  stream_ = input_->wanted();
  if (stream_ == nullptr) fail(EINVAL, "its stream {} is no moving picture", clip_.stream);
  keep_only(input_->get(), stream_);
  begin_anew();
  from_start_ = true;
}

// With a decoder of its own: not every codec's flush forgets all, and opening one costs less than a frame.
void VideoCursor::begin_anew() {
  decoder_.reset();
  // One more than there are cores: one always waits for its turn to give a frame out.
  decoder_ = open_decoder(stream_, plain_ || threads_ == 1 ? 1 : threads_ + 1);
  previous_ = Shown();
  current_ = Shown();
  next_ = Shown();
  entry_ = Entry();
  from_start_ = draining_ = skipped_ = false;
  errors_at_key_.clear();
  errors_before_ = av_errors();
  fed_time_ = kNowhere;
  last_time_ = AV_NOPTS_VALUE;
}

// --- decoding -------------------------------------------------------------------------------------------

bool VideoCursor::read_packet() {
  for (;;) {
    av_packet_unref(packet_.get());
    if (av_read_frame(input_->get(), packet_.get()) < 0) return false;
    if (packet_->stream_index == stream_->index) return true;
  }
}

// After a jump: whether decoding can begin with this packet, or has begun. Decoders that would begin anywhere give
// pictures that are none.
bool VideoCursor::is_entry() {
  if (entry_.found) return true;
  const bool key = from_start_ || (packet_->flags & AV_PKT_FLAG_KEY) != 0;
  if (!key && ++entry_.passed_over < kMostWithoutKey) return false;
  entry_.found = true;
  entry_.time = packet_->pts;
  entry_.hidden = (packet_->flags & AV_PKT_FLAG_DISCARD) != 0;
  return true;
}

// False when the file has ended, and the decoder knows.
bool VideoCursor::feed() {
  if (draining_) return false;
  do {
    if (!read_packet()) {
      draining_ = true;
      avcodec_send_packet(decoder_.get(), nullptr);
      return true;
    }
  } while (!is_entry());
  const int64_t time = packet_->pts;
  const bool skip = time != AV_NOPTS_VALUE && place_of(time) < skip_before_;
  decoder_->skip_frame = skip ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
  skipped_ = skipped_ || skip;
  fed_time_ = std::max({fed_time_, packet_->pts, packet_->dts});
  if ((packet_->flags & AV_PKT_FLAG_KEY) != 0) errors_at_key_[time] = av_errors();
  // A packet that does not decode is a frame that is missing: the one before it is shown longer.
  avcodec_send_packet(decoder_.get(), packet_.get());
  return true;
}

// The next frame that comes out, damaged or not; false at the end.
bool VideoCursor::take(AVFrame* frame) {
  for (;;) {
    const int got = avcodec_receive_frame(decoder_.get(), frame);
    if (got >= 0) return true;
    if (got == AVERROR_EOF) return false;
    if (got != AVERROR(EAGAIN) && draining_) continue;
    if (!feed()) return false;
  }
}

// Where a container tells only in what order to decode (AVI), a frame comes out as many packets later as its codec
// reorders; times that some of its frames have all the same are guessed.
int64_t VideoCursor::time_shown(const AVFrame* frame) const {
  const bool timed = entry_.time != AV_NOPTS_VALUE;
  if (timed && frame->pts != AV_NOPTS_VALUE) return frame->pts;
  if (!timed && frame->pkt_dts != AV_NOPTS_VALUE) {
    return frame->pkt_dts - (time_of(stream_->codecpar->video_delay) - clip_.start);
  }
  return last_time_ == AV_NOPTS_VALUE ? clip_.start : last_time_ + time_of(1) - clip_.start;
}

// A key frame ends what errors before it did.
void VideoCursor::pass_key(const AVFrame* frame) {
  const auto key = errors_at_key_.find(frame->pts);
  if (key == errors_at_key_.end()) return;
  errors_before_ = key->second;
  if (current_) plain_ = false;
  errors_at_key_.erase(errors_at_key_.begin(), std::next(key));
}

VideoCursor::Shown VideoCursor::decode() {
  Shown shown{new_frame()};
  for (;;) {
    if (!take(shown.frame.get())) return {};
    const bool first = last_time_ == AV_NOPTS_VALUE;
    last_time_ = time_shown(shown.frame.get());
    if (!is_damaged(shown.frame.get())) {
      shown.gap_doubtful = errs();
      pass_key(shown.frame.get());
      shown.place = place_of(last_time_);
      shown.serial = ++serials_;
      shown.doubtful = errs();
      return shown;
    }
    entry_.damaged = entry_.damaged || first;
    av_frame_unref(shown.frame.get());
  }
}

// --- going to a place -----------------------------------------------------------------------------------

bool VideoCursor::goes_on_to(int64_t n) const {
  if (!current_) return from_start_ && n < kNear;
  if (n < current_.place) return from_start_ && !previous_;  // nothing is shown before the first frame
  if (!next_ || n < next_.place + kNear) return true;
  const int64_t time = time_of(n);
  if (index_ != nullptr) {
    const KeyFrameIndex::Entry* key = index_->before(time, 0);
    return key == nullptr || key->time <= fed_time_;
  }
  if (knows_key_frames(input_->get())) {
    const int key = av_index_search_timestamp(stream_, time, AVSEEK_FLAG_BACKWARD);
    return key < 0 || avformat_index_get_entry(stream_, key)->timestamp <= fed_time_;
  }
  return static_cast<double>(n - next_.place) < kFarSeconds * av_q2d(av(clip_.rate));
}

void VideoCursor::advance(int64_t n) {
  if (!current_) {
    current_ = decode();
    if (current_) next_ = decode();
  }
  while (next_ && next_.place <= n) {
    previous_ = std::move(current_);
    current_ = std::move(next_);
    next_ = decode();
  }
}

bool VideoCursor::jump_by_time(int64_t time) {
  if (av_seek_frame(input_->get(), stream_->index, time, AVSEEK_FLAG_BACKWARD) < 0) return false;
  begin_anew();
  return true;
}

bool VideoCursor::jump_by_index(const KeyFrameIndex::Entry& entry) {
  if (av_seek_frame(input_->get(), stream_->index, entry.position, AVSEEK_FLAG_BYTE) < 0) return false;
  begin_anew();
  return true;
}

// The first frame after a jump. False when it lies too far on, or is not that of the packet decoding began with: then
// what comes behind it would depend on what the decoder saw before.
bool VideoCursor::enter(int64_t n) {
  while (!entry_.found && feed()) {
  }
  const bool timed = entry_.time != AV_NOPTS_VALUE;
  // Cut in the middle of a frame, such a stream gives the key frame's time to what is left of that one.
  if (!timed && (input_->get()->iformat->flags & AVFMT_TS_DISCONT) != 0) return false;
  if (!entry_.found || (timed && !entry_.hidden && place_of(entry_.time) > n)) return false;
  current_ = decode();
  if (!current_ || entry_.damaged || current_.place > n) return false;
  return !timed || entry_.hidden || current_.place == place_of(entry_.time);
}

// Goes on from where a jump led; false when that was the wrong place.
bool VideoCursor::land(int64_t n) {
  if (!enter(n)) return false;
  next_ = decode();
  advance(n);
  return is_proper(n);
}

// Whether the frame found is surely the one, and its neighbour known.
bool VideoCursor::is_proper(int64_t n) const {
  if (!current_ || (current_.place > n && !from_start_)) return false;
  const bool fields = clip_.interlace != Interlace::kNone;
  if (fields && !previous_ && !from_start_) return false;
  const int64_t nearest_needed = fields && previous_ ? previous_.place : current_.place;
  return !skipped_ || nearest_needed >= skip_before_;
}

bool VideoCursor::errs() const { return av_errors() != errors_before_ && !plain_; }

bool VideoCursor::is_doubtful(int64_t n) const {
  const bool fields = clip_.interlace != Interlace::kNone;
  const bool gap = n > current_.place && (next_ ? next_.gap_doubtful : errs());
  return current_.doubtful || gap || (fields && (previous_.doubtful || next_.doubtful));
}

void VideoCursor::jump(int64_t n, bool plain) {
  plain_ = plain;
  // A frame that does not prove to be the one is looked for again, and then nothing is skipped.
  const bool fields = clip_.interlace != Interlace::kNone;
  const int64_t begin = fields ? n - 1 : n;
  double back = 0;
  const double whole = av_q2d(stream_->time_base) * static_cast<double>(time_of(begin) - clip_.start) + 10;
  for (size_t step = 0; back < whole; ++step) {
    skip_before_ = step == 0 && !plain ? n - kNeighbours : kNowhere;
    if (index_ != nullptr) {
      const KeyFrameIndex::Entry* entry = index_->before(time_of(begin), step);
      if (entry == nullptr) break;
      if (jump_by_index(*entry) && land(n)) return;
    } else {
      const auto ticks = static_cast<int64_t>(back / av_q2d(stream_->time_base));
      if (jump_by_time(time_of(begin) - ticks) && land(n)) return;
    }
    // What was skipped is the only thing that was wrong: the same place once more.
    const bool only_skipped = step == 0 && skipped_ && current_ && current_.place <= n;
    if (!only_skipped || index_ != nullptr) back = back == 0 ? kFirstPictureStep : 3 * back;
  }
  open();
  skip_before_ = kNowhere;
  advance(n);
}

VideoCursor::View VideoCursor::at(int64_t n) {
  if (goes_on_to(n)) {
    skip_before_ = next_ && n > next_.place + kNear ? n - kNeighbours : kNowhere;
    skipped_ = false;
    advance(n);
    if (!is_proper(n)) jump(n, false);
  } else {
    jump(n, false);
  }
  if (is_doubtful(n)) jump(n, true);
  if (!current_) {
    const std::string why = last_complaint();
    fail(EINVAL, "no frame of the video can be decoded{}{}", why.empty() ? "" : ": ", why);
  }
  return {previous_, current_, next_};
}

}  // namespace damfs::worker
