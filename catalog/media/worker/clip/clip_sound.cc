// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/clip/clip_sound.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <utility>

#include "catalog/base/error.h"

namespace damfs::worker {
namespace {

constexpr int64_t kBlockBytes = 4 << 20;
constexpr int64_t kBlockSeconds = 8;
// Decoding begins so long before a block: longer than any codec remembers.
constexpr double kRunIn = 0.5;
constexpr double kFirstSoundStep = 0.5;  // seconds back, when a jump led too far; then three times as many

struct ResamplerDeleter {
  void operator()(SwrContext* context) const { swr_free(&context); }
};
using Resampler = std::unique_ptr<SwrContext, ResamplerDeleter>;

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

// One block's decoder, and what makes 16-bit samples of its frames.
class SoundCursor::Decoding {
 public:
  Decoding(const AVStream* stream, const ClipSound& track) : decoder_(open_decoder(stream, 1)), track_(track) {}

  // Null: the file's end. What does not decode is silence.
  void feed(const AVPacket* packet) { avcodec_send_packet(decoder_.get(), packet); }

  // False when it has nothing more to give for what it was fed.
  bool take(const SoundCursor& cursor, Piece& piece) {
    if (avcodec_receive_frame(decoder_.get(), frame_.get()) < 0) return false;
    const int64_t time = frame_->pts != AV_NOPTS_VALUE ? frame_->pts : frame_->best_effort_timestamp;
    piece.timed = time != AV_NOPTS_VALUE;
    piece.at = piece.timed ? cursor.position_of(time) : 0;
    convert(piece.samples);
    return true;
  }

 private:
  // Its channels in their order; when there are others than the probe saw, mixed to those.
  void set_up() {
    AVChannelLayout out{};
    const auto channels = static_cast<int>(track_.channels);
    if (frame_->ch_layout.nb_channels == channels) {
      av_channel_layout_copy(&out, &frame_->ch_layout);
    } else if (track_.layout == 0 || av_channel_layout_from_mask(&out, track_.layout) < 0) {
      av_channel_layout_default(&out, channels);
    }
    SwrContext* made = nullptr;
    int error = swr_alloc_set_opts2(&made, &out, AV_SAMPLE_FMT_S16, track_.sample_rate, &frame_->ch_layout,
                                    static_cast<AVSampleFormat>(frame_->format), frame_->sample_rate, 0, nullptr);
    resampler_.reset(made);
    av_channel_layout_uninit(&out);
    if (error >= 0) error = swr_init(resampler_.get());
    if (error < 0) fail(EINVAL, "the sound cannot be converted ({})", av_text(error));
    format_ = frame_->format;
    rate_ = frame_->sample_rate;
    channels_ = frame_->ch_layout.nb_channels;
  }

  void convert(std::vector<int16_t>& samples) {
    if (!resampler_ || format_ != frame_->format || rate_ != frame_->sample_rate ||
        channels_ != frame_->ch_layout.nb_channels) {
      set_up();
    }
    const int room = swr_get_out_samples(resampler_.get(), frame_->nb_samples);
    const auto channels = static_cast<size_t>(track_.channels);
    samples.resize(static_cast<size_t>(std::max(room, 0)) * channels);
    auto* out = reinterpret_cast<uint8_t*>(samples.data());
    const int n = swr_convert(resampler_.get(), &out, room, const_cast<const uint8_t**>(frame_->extended_data),
                              frame_->nb_samples);
    samples.resize(static_cast<size_t>(std::max(n, 0)) * channels);
  }

  CodecContext decoder_;
  const ClipSound& track_;
  Frame frame_ = new_frame();
  Resampler resampler_;
  int format_ = -1, rate_ = 0, channels_ = 0;
};

SoundCursor::SoundCursor(const Source& source, const ClipFacts& clip, const ClipSound& track)
    : source_(source), clip_(clip), track_(track) {
  const int64_t second = int64_t{2} * track.channels * track.sample_rate;
  seconds_ = std::clamp<int64_t>(kBlockBytes / second, 1, kBlockSeconds);
  open();
}

int64_t SoundCursor::position_of(int64_t time) const {
  const AVRational sample{1, track_.sample_rate};
  return av_rescale_q(time, stream_->time_base, sample) - av_rescale_q(clip_.start, av(clip_.tick), sample);
}

int64_t SoundCursor::time_of(int64_t position) const {
  const AVRational sample{1, track_.sample_rate};
  return av_rescale_q(position + av_rescale_q(clip_.start, av(clip_.tick), sample), sample, stream_->time_base);
}

int64_t SoundCursor::tick() const {
  const AVRational base = stream_->time_base;
  return (int64_t{base.num} * track_.sample_rate + base.den - 1) / base.den;
}

// --- packets --------------------------------------------------------------------------------------------

// Opens the file anew, and looks where its first frame ends.
void SoundCursor::open() {
  input_ = std::make_unique<MediaInput>(source_, AVMEDIA_TYPE_AUDIO, track_.stream);
  input_->find_streams();
  stream_ = input_->wanted();
  if (stream_ == nullptr) fail(EINVAL, "its stream {} is no sound", track_.stream);
  keep_only(input_->get(), stream_);
  ahead_.clear();
  next_block_ = 0;
  Decoding decoding(stream_, track_);
  Piece piece;
  while (Packet packet = read()) {
    decoding.feed(packet.get());
    ahead_.push_back(std::move(packet));
    if (!decoding.take(*this, piece)) continue;
    first_end_ = piece.at + static_cast<int64_t>(piece.samples.size()) / track_.channels;
    return;
  }
}

// The track's next packet; null at the end.
Packet SoundCursor::read() {
  Packet packet = new_packet();
  while (av_read_frame(input_->get(), packet.get()) >= 0) {
    if (packet->stream_index == stream_->index) return packet;
    av_packet_unref(packet.get());
  }
  return nullptr;
}

// Stands before the first packet of that time or a later one, or else says that it does not.
bool SoundCursor::seek_before(int64_t time) {
  ahead_.clear();
  if (av_seek_frame(input_->get(), stream_->index, time, AVSEEK_FLAG_BACKWARD) < 0) return false;
  while (Packet packet = read()) {
    const bool timed = packet->pts != AV_NOPTS_VALUE;
    if (timed && packet->pts > time) return false;
    ahead_.push_back(std::move(packet));
    if (timed) return true;
  }
  return false;
}

void SoundCursor::go_to(int64_t block) {
  if (next_block_ == block) return;
  const int64_t begin = time_of(block * seconds_ * track_.sample_rate);
  const double tick_seconds = av_q2d(stream_->time_base);
  const double whole = static_cast<double>(block * seconds_) + 10;
  for (double back = kFirstSoundStep; block > 0 && back < whole; back *= 3) {
    if (seek_before(begin - static_cast<int64_t>((kRunIn + back) / tick_seconds))) return;
  }
  open();
}

// --- samples --------------------------------------------------------------------------------------------

std::vector<SoundCursor::Piece> SoundCursor::decode_block(int64_t block) {
  go_to(block);
  next_block_ = -1;  // should this fail half-way
  const auto run_in = static_cast<int64_t>(kRunIn / av_q2d(stream_->time_base));
  const int64_t end = (block + 1) * seconds_ * track_.sample_rate;
  const int64_t begin_time = time_of(block * seconds_ * track_.sample_rate) - run_in;
  const int64_t keep_time = time_of(end) - run_in;
  std::vector<Piece> pieces;
  Decoding decoding(stream_, track_);
  std::deque<Packet> kept;
  bool begun = block == 0;
  bool more = true;
  while (more && (pieces.empty() || !pieces.back().timed || pieces.back().at < end + 2 * tick())) {
    Packet packet;
    if (!ahead_.empty()) {
      packet = std::move(ahead_.front());
      ahead_.pop_front();
    } else {
      packet = read();
    }
    more = packet != nullptr;
    const bool timed = packet && packet->pts != AV_NOPTS_VALUE;
    begun = begun || !packet || (timed && packet->pts >= begin_time && (packet->flags & AV_PKT_FLAG_KEY) != 0);
    if (!begun) continue;
    decoding.feed(packet.get());
    for (Piece piece; decoding.take(*this, piece); piece = Piece()) pieces.push_back(std::move(piece));
    if (packet && (!kept.empty() || (timed && packet->pts >= keep_time))) kept.push_back(std::move(packet));
  }
  // What was still ahead stays so, behind what the next block begins with.
  std::move(ahead_.begin(), ahead_.end(), std::back_inserter(kept));
  ahead_ = std::move(kept);
  next_block_ = block + 1;
  return pieces;
}

// Where a block's first piece belongs. A container's clock may be coarser than a sample, but frames' edges are counted
// from the file's first.
int64_t SoundCursor::on_edge(int64_t at, int64_t grid) const {
  const int64_t slack = tick() / 2 + 1;
  if (grid < 2 * slack) return at;
  const int64_t edge = first_end_ + floor_divide(at - first_end_ + grid / 2, grid) * grid;
  return std::abs(edge - at) <= slack ? edge : at;
}

// Where each piece belongs: behind the one before it, but for real gaps and overlaps. Rounding is none, nor is a
// time that the next piece belies.
void SoundCursor::place(std::vector<Piece>& pieces, bool from_start) const {
  // A decoder's first frame may be shortened by what it always leaves out at a file's start.
  if (!from_start && pieces.size() > 1) pieces.erase(pieces.begin());
  if (pieces.empty()) return;
  const auto length = [&](size_t i) { return static_cast<int64_t>(pieces[i].samples.size()) / track_.channels; };
  const auto agree = [&](int64_t a, int64_t b) { return std::abs(a - b) <= tick() + 1; };
  int64_t clock = pieces.front().at;
  if (!from_start) {
    int64_t grid = 0;
    for (size_t i = 0; i + 1 < pieces.size(); ++i) grid = std::gcd(grid, length(i));
    pieces.front().at = on_edge(clock, grid);
  }
  for (size_t i = 1; i < pieces.size(); ++i) {
    Piece& piece = pieces[i];
    const int64_t predicted = clock + length(i - 1);
    const bool fits = piece.timed && agree(piece.at, predicted);
    const bool belied = i + 1 < pieces.size() && pieces[i + 1].timed && agree(pieces[i + 1].at, predicted + length(i));
    clock = fits || (piece.timed && !belied) ? piece.at : predicted;
    if (fits || belied || !piece.timed) piece.at = pieces[i - 1].at + length(i - 1);
  }
}

void SoundCursor::copy(const std::vector<Piece>& pieces, int64_t block) {
  const int64_t channels = track_.channels;
  const int64_t length = seconds_ * track_.sample_rate;
  const int64_t begin = block * length;
  samples_.assign(static_cast<size_t>(length * channels), 0);
  for (const Piece& piece : pieces) {
    const int64_t from = std::max(piece.at, begin);
    const int64_t to = std::min(piece.at + static_cast<int64_t>(piece.samples.size()) / channels, begin + length);
    if (from >= to) continue;
    std::copy_n(piece.samples.begin() + (from - piece.at) * channels, (to - from) * channels,
                samples_.begin() + (from - begin) * channels);
  }
}

std::span<const int16_t> SoundCursor::second(int64_t k) {
  const int64_t block = k / seconds_;
  if (block != block_) {
    block_ = -1;
    std::vector<Piece> pieces = decode_block(block);
    place(pieces, block == 0);
    copy(pieces, block);
    block_ = block;
  }
  const auto length = static_cast<size_t>(int64_t{track_.sample_rate} * track_.channels);
  return std::span(samples_).subspan(static_cast<size_t>(k % seconds_) * length, length);
}

}  // namespace damfs::worker
