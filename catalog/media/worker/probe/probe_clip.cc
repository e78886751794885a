// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/probe_clip.h"

extern "C" {
#include <libavutil/intreadwrite.h>
#include <libavutil/timecode.h>
}

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string_view>
#include <vector>

namespace damfs::worker {
namespace {

// Rounding to the container's clock moves a frame by a tick.
int64_t tolerance_for(int64_t step) { return step > 2 ? std::max<int64_t>(1, step / 100) : step - 1; }

// A few frames that are missing, or pictures that stand a moment, make no variable rate.
int64_t most_odd_steps(int64_t steps) { return steps < 4 ? 0 : std::max<int64_t>(1, steps / 50); }

// What sorted times say of the steps between them.
void take_steps(const std::vector<int64_t>& sorted, FrameTimes& out) {
  out.timed = !sorted.empty();
  if (sorted.size() < 2) return;
  std::vector<int64_t> steps;
  steps.reserve(sorted.size() - 1);
  for (size_t i = 1; i < sorted.size(); ++i) steps.push_back(sorted[i] - sorted[i - 1]);
  out.steps = std::ssize(steps);
  out.ticks = sorted.back() - sorted.front();
  if (steps.size() < 2) return;
  // The last one lasts as long as the container likes.
  std::vector<int64_t> by_length(steps.begin(), std::prev(steps.end()));
  const auto middle = by_length.begin() + std::ssize(by_length) / 2;
  std::nth_element(by_length.begin(), middle, by_length.end());
  const int64_t usual = *middle;
  int64_t odd = 0;
  int64_t even = 0;
  int64_t even_ticks = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (std::abs(steps[i] - usual) <= tolerance_for(usual)) {
      ++even;
      even_ticks += steps[i];
    } else if (i + 1 < steps.size()) {
      ++odd;
    }
  }
  out.variable = odd > most_odd_steps(out.steps);
  if (out.variable || even == 0) return;
  out.steps = even;
  out.ticks = even_ticks;
}

bool is_format(const AVFormatContext* format, std::string_view name) {
  return std::string_view(format->iformat->name).find(name) != std::string_view::npos;
}

// MOV and MP4 list every sample; an edit list hides some of them but they are there.
bool has_sample_table(const AVFormatContext* format, const AVStream* stream) {
  return is_format(format, "mp4") && stream->nb_frames > 0;
}

FrameTimes times_from_table(AVFormatContext* format, AVStream* stream) {
  std::vector<int64_t> times;
  const int count = avformat_index_get_entries_count(stream);
  times.reserve(static_cast<size_t>(std::max(count, 0)));
  const int64_t end = avio_size(format->pb);
  int64_t lost = 0;  // with the end of a file that was cut
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(stream, i);
    times.push_back(entry->timestamp);
    if (end > 0 && entry->pos >= end) ++lost;
  }
  std::sort(times.begin(), times.end());
  FrameTimes out;
  out.count = std::max<int64_t>(stream->nb_frames - lost, 0);
  take_steps(times, out);
  return out;
}

FrameTimes times_from_packets(AVFormatContext* format, AVStream* stream) {
  FrameTimes out;
  out.walked = true;
  std::vector<int64_t> shown;
  std::vector<int64_t> decoded;
  walk_packets(format, stream, [&](const AVPacket& packet) {
    ++out.count;
    if (packet.pts != AV_NOPTS_VALUE) shown.push_back(packet.pts);
    if (packet.dts != AV_NOPTS_VALUE) decoded.push_back(packet.dts);
  });
  // Where some frames have no time of their own, those of decoding have the same steps; the two do not mix.
  std::vector<int64_t>& times = shown.size() >= decoded.size() ? shown : decoded;
  std::sort(times.begin(), times.end());
  take_steps(times, out);
  if (!times.empty()) {
    out.first = times.front();
    out.last = times.back();
  }
  return out;
}

// --- rate -----------------------------------------------------------------------------------------------

constexpr AVRational kStandardRates[] = {{24'000, 1001}, {24, 1},         {25, 1}, {30'000, 1001}, {30, 1},
                                         {50, 1},        {60'000, 1001},  {60, 1}, {100, 1},       {120'000, 1001},
                                         {120, 1},       {240'000, 1001}, {240, 1}};
constexpr AVRational kOtherRates[] = {{6, 1},  {8, 1},  {10, 1},        {12, 1}, {25, 2}, {15'000, 1001},
                                      {15, 1}, {20, 1}, {48'000, 1001}, {48, 1}, {90, 1}, {200, 1}};
// Standard rates lie 0.001 apart, and a container's clock blurs them by less than this.
constexpr double kSnap = 0.0004;
// The rates for which a proxy can be laid out.
constexpr double kSlowest = 1;
constexpr double kFastest = 1000;

double value_of(AVRational rate) { return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0; }

// The standard rate that a measured one means.
std::optional<AVRational> snap(AVRational rate) {
  for (const auto& rates : {std::span<const AVRational>(kStandardRates), std::span<const AVRational>(kOtherRates)}) {
    for (const AVRational standard : rates) {
      if (std::abs(value_of(rate) / value_of(standard) - 1) < kSnap) return standard;
    }
  }
  return std::nullopt;
}

// The grid for frames that come as they like: the standard rate nearest to their average, but none so slow that many
// of them would find no place.
AVRational grid_for_variable(double average) {
  const AVRational* best = nullptr;
  for (const AVRational& standard : kStandardRates) {
    if (value_of(standard) < 0.99 * average) continue;
    if (best == nullptr || std::abs(value_of(standard) - average) < std::abs(value_of(*best) - average)) {
      best = &standard;
    }
  }
  return best != nullptr ? *best : std::end(kStandardRates)[-1];
}

AVRational grid_of(const AVStream* stream, const FrameTimes& times, bool interlaced) {
  AVRational said = value_of(stream->avg_frame_rate) > 0 ? stream->avg_frame_rate : stream->r_frame_rate;
  // Of frames that come as they like, a table tells the average better than its first and last one.
  const bool is_measured = times.walked || !times.variable;
  const AVRational measured = is_measured ? av(times.rate(stream->time_base)) : AVRational{0, 1};
  if (value_of(measured) > 0) {
    // A header may say what the frames do not keep. Fields that come one by one are no frames.
    const double ratio = value_of(measured) / std::max(value_of(said), 1e-9);
    const bool fields = interlaced && std::abs(ratio - 2) < 0.02;
    if (times.variable || (std::abs(ratio - 1) > 0.01 && !fields)) said = measured;
  }
  const double rate = value_of(said);
  if (times.variable || rate < kSlowest || rate > kFastest) return grid_for_variable(rate);
  for (const AVRational candidate : {said, measured, stream->r_frame_rate}) {
    const bool same = std::abs(value_of(candidate) / rate - 1) < 0.01;
    if (const auto standard = snap(candidate); standard && same) return *standard;
  }
  return said;
}

// --- pictures -------------------------------------------------------------------------------------------

int64_t frames_on(AVRational rate, const AVFormatContext* format, const AVStream* stream, const FrameTimes& times) {
  const AVRational frame = av_inv_q(rate);
  // Frames without times stand one behind the other.
  if (times.walked && !times.timed) return times.count;
  if (times.walked) return times.count > 0 ? av_rescale_q(times.last - times.first, stream->time_base, frame) + 1 : 0;
  if (stream->duration > 0) return std::max<int64_t>(av_rescale_q(stream->duration, stream->time_base, frame), 1);
  if (format->duration > 0) return std::max<int64_t>(av_rescale_q(format->duration, av_get_time_base_q(), frame), 1);
  return 0;
}

Interlace interlace_of(AVFieldOrder order) {
  switch (order) {
    // Of the two letters writers agree only on the first one's meaning.
    case AV_FIELD_TT:
    case AV_FIELD_TB: return Interlace::kTopFirst;
    case AV_FIELD_BB:
    case AV_FIELD_BT: return Interlace::kBottomFirst;
    default: return Interlace::kNone;
  }
}

void take_colour(const AVCodecParameters* codec, ClipFacts& clip) {
  const auto format = static_cast<AVPixelFormat>(codec->format);
  const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(format);
  clip.primaries = codec->color_primaries;
  clip.transfer = codec->color_trc;
  clip.matrix = codec->color_space;
  // The proxy of such pictures has to be given one.
  if (pixels != nullptr && (pixels->flags & AV_PIX_FMT_FLAG_RGB) != 0) clip.matrix = AVCOL_SPC_BT709;
  clip.full_range = codec->color_range == AVCOL_RANGE_JPEG || without_j(format) != format;
}

Rational from_av(AVRational value) { return {value.num, value.den}; }

void take_timecode(const AVFormatContext* format, const std::string& text, ClipFacts& clip) {
  AVRational rate{static_cast<int>(clip.rate.num), static_cast<int>(clip.rate.den)};
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    const AVStream* stream = format->streams[i];
    const bool counts = stream->codecpar->codec_tag == MKTAG('t', 'm', 'c', 'd');
    const double own = value_of(stream->avg_frame_rate);
    if (counts && own >= kSlowest && own <= kFastest) rate = stream->avg_frame_rate;
  }
  AVTimecode code{};
  if (text.empty() || av_timecode_init_from_string(&code, rate, text.c_str(), nullptr) < 0 || code.start < 0) return;
  clip.timecode_frame = code.start;
  clip.timecode_rate = from_av(rate);
  clip.drop_frame = (code.flags & AV_TIMECODE_FLAG_DROPFRAME) != 0;
}

// --- sound ----------------------------------------------------------------------------------------------

std::optional<ClipSound> sound_of(const AVStream* stream) {
  const AVCodecParameters* codec = stream->codecpar;
  if (codec->codec_type != AVMEDIA_TYPE_AUDIO || avcodec_find_decoder(codec->codec_id) == nullptr) return std::nullopt;
  ClipSound sound{stream->index, codec->sample_rate, codec->ch_layout.nb_channels, 0};
  if (codec->ch_layout.order == AV_CHANNEL_ORDER_NATIVE) sound.layout = codec->ch_layout.u.mask;
  return sound;
}

// What the container asks players to leave out of a packet's samples: a codec's run-in, and what fills its last one.
int64_t hidden_samples(const AVPacket& packet) {
  size_t size = 0;
  const uint8_t* data = av_packet_get_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
  return data != nullptr && size >= 10 ? int64_t{AV_RL32(data)} + int64_t{AV_RL32(data + 4)} : 0;
}

// The decoder leaves out Opus' run-in by itself where the container does not ask for it, as Ogg does.
int hidden_run_in(const AVFormatContext* format, const AVCodecParameters* codec) {
  return codec->codec_id == AV_CODEC_ID_OPUS && !is_format(format, "ogg") ? codec->initial_padding : 0;
}

// Headers of these tell the length to the sample; elsewhere it is an estimate, or rounded.
bool tells_length(const AVFormatContext* format, const AVStream* stream) {
  constexpr std::string_view kExact[] = {"wav", "w64", "aiff", "flac", "caf", "au", "ogg", "mp4"};
  return stream->duration > 0 && std::any_of(std::begin(kExact), std::end(kExact), [&](std::string_view name) {
           return name == "mp4" ? is_format(format, name) : name == format->iformat->name;
         });
}

int64_t length_in_samples(AVFormatContext* format, AVStream* stream) {
  AVCodecParameters* codec = stream->codecpar;
  const AVRational sample{1, codec->sample_rate};
  if (tells_length(format, stream)) {
    const int64_t whole = av_rescale_q(stream->duration, stream->time_base, sample);
    return is_format(format, "ogg") ? whole - codec->initial_padding : whole;
  }
  int64_t sum = -int64_t{hidden_run_in(format, codec)};
  int64_t end = 0;
  bool sums_up = true;
  walk_packets(format, stream, [&](const AVPacket& packet) {
    if ((packet.flags & AV_PKT_FLAG_DISCARD) != 0) return;
    const int exact = av_get_audio_frame_duration2(codec, packet.size);
    const int64_t rounded = av_rescale_q(std::max<int64_t>(packet.duration, 0), stream->time_base, sample);
    sum += std::max<int64_t>((exact > 0 ? exact : rounded) - hidden_samples(packet), 0);
    // Opus' lengths are whole milliseconds; others' are rounded to the container's clock.
    sums_up = sums_up && (exact > 0 || codec->codec_id == AV_CODEC_ID_OPUS);
    if (packet.pts != AV_NOPTS_VALUE) end = std::max(end, packet.pts + packet.duration);
  });
  if (sums_up || stream->start_time == AV_NOPTS_VALUE) return sum;
  return av_rescale_q(end - stream->start_time, stream->time_base, sample);
}

// What no proxy can be laid out from is found out where the catalog would refuse it.
std::optional<ClipFacts> declared(const ClipFacts& clip) { return clip_from_text(clip_to_text(clip)); }

}  // namespace

Rational FrameTimes::rate(AVRational tick) const {
  if (steps < 1 || ticks < 1) return {0, 1};
  int num = 0;
  int den = 1;
  av_reduce(&num, &den, steps * tick.den, ticks * tick.num, 1'000'000);
  return num > 0 && den > 0 ? Rational{num, den} : Rational{0, 1};
}

FrameTimes frame_times(AVFormatContext* format, AVStream* stream) {
  return has_sample_table(format, stream) ? times_from_table(format, stream) : times_from_packets(format, stream);
}

std::optional<ClipFacts> video_clip(AVFormatContext* format, AVStream* video, const FrameTimes& times,
                                    const std::string& timecode) {
  const AVCodecParameters* codec = video->codecpar;
  if (avcodec_find_decoder(codec->codec_id) == nullptr) return std::nullopt;
  ClipFacts clip;
  clip.stream = video->index;
  clip.interlace = interlace_of(codec->field_order);
  const AVRational rate = grid_of(video, times, clip.interlace != Interlace::kNone);
  clip.rate = from_av(rate);
  clip.frames = frames_on(rate, format, video, times);
  if (clip.frames == 0) return std::nullopt;
  const Turn turn = turn_of(video);
  clip.rotation = turn.degrees;
  clip.mirrored = turn.mirrored;
  clip.raster = {codec->width, codec->height};
  clip.pixel_aspect = sample_aspect_of(format, video);
  if (clip.rotation % 180 != 0) {
    std::swap(clip.raster.width, clip.raster.height);
    std::swap(clip.pixel_aspect.num, clip.pixel_aspect.den);
  }
  take_colour(codec, clip);
  clip.start = video->start_time != AV_NOPTS_VALUE ? video->start_time : times.first;
  clip.tick = from_av(video->time_base);
  take_timecode(format, timecode, clip);
  for (unsigned i = 0; i < format->nb_streams && clip.sound.size() < kMaxSounds; ++i) {
    if (const auto sound = sound_of(format->streams[i])) clip.sound.push_back(*sound);
  }
  return declared(clip);
}

std::optional<ClipFacts> sound_clip(AVFormatContext* format, AVStream* audio, const std::string& time_reference) {
  const auto sound = sound_of(audio);
  if (!sound || sound->sample_rate <= 0) return std::nullopt;
  ClipFacts clip;
  clip.sound.push_back(*sound);
  clip.start = audio->start_time != AV_NOPTS_VALUE ? audio->start_time : 0;
  clip.start += av_rescale_q(hidden_run_in(format, audio->codecpar), {1, sound->sample_rate}, audio->time_base);
  clip.tick = from_av(audio->time_base);
  clip.samples = length_in_samples(format, audio);
  int64_t reference = 0;
  const char* end = time_reference.data() + time_reference.size();
  if (const auto [stop, error] = std::from_chars(time_reference.data(), end, reference);
      error == std::errc() && stop == end && reference > 0) {
    clip.timecode_frame = reference;
    clip.timecode_rate = {sound->sample_rate, 1};
  }
  return declared(clip);
}

}  // namespace damfs::worker
