// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/av_input.h"
#include "catalog/media/worker/metadata/avchd_date.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/packet.h"
#include "catalog/media/worker/metadata/player_words.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/probe/probe_clip.h"
#include "catalog/media/worker/still/still_audio.h"

namespace damfs::worker {
namespace {

std::string name_of(const char* name) { return name == nullptr ? std::string() : clean_line(name, FactLimits::kName); }

std::string tag(const AVDictionary* tags, const char* key) {
  const AVDictionaryEntry* entry = av_dict_get(tags, key, nullptr, 0);
  return entry == nullptr ? std::string() : clean_text(entry->value, FactLimits::kDescription);
}

std::string field_order_name(AVFieldOrder order) {
  switch (order) {
    case AV_FIELD_PROGRESSIVE: return "progressive";
    case AV_FIELD_TT: return "tt";
    case AV_FIELD_BB: return "bb";
    case AV_FIELD_TB: return "tb";
    case AV_FIELD_BT: return "bt";
    default: return "unknown";
  }
}

// --- streams --------------------------------------------------------------------------------------------

std::string timecode_of(const AVFormatContext* format, const AVStream* video, const char* key) {
  std::string text = tag(video->metadata, key);
  for (unsigned i = 0; text.empty() && i < format->nb_streams; ++i) text = tag(format->streams[i]->metadata, key);
  if (text.empty()) text = tag(format->metadata, key);
  return clean_line(text, FactLimits::kName);
}

VideoFacts video_facts(AVFormatContext* format, AVStream* stream) {
  const AVCodecParameters* codec = stream->codecpar;
  if (codec->width <= 0 || codec->height <= 0) fail(EINVAL, "the video's raster is not known");
  VideoFacts video;
  video.codec = name_of(avcodec_get_name(codec->codec_id));
  video.coded = {codec->width, codec->height};
  video.sample_aspect = sample_aspect_of(format, stream);
  video.rotation = turn_of(stream).degrees;
  const AVRational rate = stream->avg_frame_rate.num > 0 ? stream->avg_frame_rate : stream->r_frame_rate;
  if (rate.num > 0 && rate.den > 0) video.frame_rate = {rate.num, rate.den};
  video.field_order = field_order_name(codec->field_order);
  video.pixel_format = name_of(av_get_pix_fmt_name(static_cast<AVPixelFormat>(codec->format)));
  video.color_primaries = name_of(av_color_primaries_name(codec->color_primaries));
  video.color_transfer = name_of(av_color_transfer_name(codec->color_trc));
  video.color_space = name_of(av_color_space_name(codec->color_space));
  video.color_range = name_of(av_color_range_name(codec->color_range));
  video.timecode = timecode_of(format, stream, "timecode");
  video.reel = timecode_of(format, stream, "reel_name");
  return video;
}

AudioFacts audio_facts(const AVFormatContext* format, const AVStream* stream, bool alone) {
  const AVCodecParameters* codec = stream->codecpar;
  AudioFacts audio;
  audio.codec = name_of(avcodec_get_name(codec->codec_id));
  audio.channels = std::clamp(codec->ch_layout.nb_channels, 0, 1024);
  std::array<char, 128> layout{};
  if (audio.channels > 0 && av_channel_layout_describe(&codec->ch_layout, layout.data(), layout.size()) > 0) {
    audio.channel_layout = name_of(layout.data());
  }
  audio.sample_rate = std::max(codec->sample_rate, 0);
  audio.bit_rate = std::max<int64_t>(codec->bit_rate, 0);
  if (audio.bit_rate == 0 && alone) audio.bit_rate = std::max<int64_t>(format->bit_rate, 0);
  return audio;
}

// --- tags -----------------------------------------------------------------------------------------------

// "+37.3318-122.0312+012.300/", as ISO 6709 has it.
std::optional<Position> parse_iso6709(std::string_view text) {
  std::vector<double> parts;
  size_t at = 0;
  while (at < text.size() && (text[at] == '+' || text[at] == '-') && parts.size() < 3) {
    const size_t end = std::min(text.find_first_of("+-/", at + 1), text.size());
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data() + at + 1, text.data() + end, value);
    if (error != std::errc() || stop != text.data() + end || !std::isfinite(value)) return std::nullopt;
    parts.push_back(text[at] == '-' ? -value : value);
    at = end;
  }
  if (parts.size() < 2 || std::abs(parts[0]) > 90 || std::abs(parts[1]) > 180) return std::nullopt;
  Position position{parts[0], parts[1], std::nullopt};
  if (parts.size() == 3 && std::abs(parts[2]) < 100'000) position.altitude = parts[2];
  return position;
}

// A recorder without a clock writes its epoch's first moment.
std::optional<CaptureTime> recorded_time(std::string_view text) {
  const auto time = CaptureTime::parse_any(text);
  const bool is_epoch = time && time->day.month == 1 && time->day.day == 1 &&
                        (time->day.year == 1904 || time->day.year == 1970 || time->day.year == 2000) &&
                        time->hour == 0 && time->minute == 0 && time->second == 0;
  return is_epoch ? std::nullopt : time;
}

// Whose clock a recording's date was read from: a moment that the container tells in UTC is so until it is known where
// that was (model/write/asset_date.h).
void find_recording_date(const Source& file, const AVFormatContext* format,
                         const std::function<std::string(const char*)>& told, bool has_picture, MediaFacts& facts) {
  const std::string_view family(format->iformat->name);
  const auto offer = [&](std::optional<CaptureTime> time, DateSource source) {
    if (facts.captured || !time) return;
    facts.captured = std::move(time);
    facts.date_source = source;
  };
  const std::string date = told("date");
  const std::string creation = told("creation_time");
  if (family == "wav" || family == "w64") {
    // libavformat calls the two halves of a Broadcast Wave's origin so.
    const bool is_clock = creation.size() == 8 && creation.find('-') == creation.npos;
    if (is_clock) offer(CaptureTime::parse_any(date + ' ' + creation), DateSource::kBext);
    if (creation.empty() && !told("originator").empty()) offer(CaptureTime::parse_any(date), DateSource::kBext);
  }
  const DateSource source = family.find("mp4") != family.npos ? DateSource::kQuickTime : DateSource::kContainer;
  offer(recorded_time(told("com.apple.quicktime.creationdate")), source);
  offer(recorded_time(camcorder_date(file.bytes())), source);
  if (family == "mpegts") offer(recorded_time(avchd_date(file.bytes())), source);
  // A date with its own offset says more than the same moment in UTC; one without a time, of music, is when it came
  // out.
  const auto said = recorded_time(date);
  const bool has_clock = date.find(':', std::min<size_t>(date.size(), 11)) != date.npos;
  if (said && said->offset_minutes && !said->is_utc) offer(said, source);
  offer(recorded_time(creation), source);
  if (creation.empty()) offer(movie_time(file), source);
  offer(recorded_time(told("date_recorded")), source);
  // When a camera closed the file.
  if (family == "mxf") offer(recorded_time(told("modification_date")), source);
  // A whole day in a wave file is the day of the recording (ICRD).
  const bool is_of_a_day = date.size() >= 8 && (has_picture || family == "wav");
  if (said && (has_clock || is_of_a_day)) offer(said, source);
}

void find_recording(const Source& source, const AVFormatContext* format, const AVStream* video, const AVStream* main,
                    MediaFacts& facts) {
  const auto either = [&](const char* key) {
    std::string text = tag(format->metadata, key);
    if (text.empty() && main != nullptr) text = tag(main->metadata, key);
    return text;
  };
  find_recording_date(source, format, either, video != nullptr, facts);
  for (const char* key : {"com.apple.quicktime.make", "make"}) {
    if (facts.make.empty()) facts.make = clean_line(either(key), FactLimits::kName);
  }
  for (const char* key : {"com.apple.quicktime.model", "model"}) {
    if (facts.model.empty()) facts.model = clean_line(either(key), FactLimits::kName);
  }
  for (const char* key : {"com.apple.quicktime.location.ISO6709", "location"}) {
    if (!facts.position) facts.position = parse_iso6709(either(key));
  }
}

void add_listed_tags(std::string_view text, MediaFacts& facts) {
  while (!text.empty() && facts.tags.size() < FactLimits::kTags) {
    const size_t end = std::min(text.find_first_of(",;"), text.size());
    std::string word = tag_path(text.substr(0, end), '\0');
    const bool is_known = std::find(facts.tags.begin(), facts.tags.end(), word) != facts.tags.end();
    if (!word.empty() && !is_known) facts.tags.push_back(std::move(word));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// In a box of the container's, or a comment of FLAC, Ogg or Matroska.
void find_packet(const Source& source, const AVFormatContext* format, const AVStream* main, MediaFacts& facts) {
  std::string packet = packet_in(source.bytes());
  for (const AVDictionary* tags : {format->metadata, main == nullptr ? nullptr : main->metadata}) {
    const AVDictionaryEntry* entry = av_dict_get(tags, "xmp", nullptr, 0);
    if (packet.empty() && entry != nullptr) packet = entry->value;
  }
  if (packet.empty()) return;
  const Xmp xmp = Xmp::parse(packet);
  if (!xmp.empty()) add_what_xmp_says(xmp, facts);
}

void find_track_tags(const Source& source, const AVFormatContext* format, const AVStream* main, MediaFacts& facts) {
  const auto words = [&](const char* key) {
    std::string text = tag(format->metadata, key);
    return text.empty() && main != nullptr ? tag(main->metadata, key) : text;  // Ogg keeps them in the stream
  };
  facts.title = clean_line(words("title"), FactLimits::kSentence);
  facts.description = words("description");
  if (facts.description.empty()) facts.description = words("comment");
  for (const char* key : {"keywords", "com.apple.quicktime.keywords", "WM/Category"}) {
    add_listed_tags(words(key), facts);
  }
  facts.rating = stars(words("WM/SharedUserRating"), true);
  if (!facts.rating) facts.rating = stars(words("com.apple.quicktime.rating.user"), false);
  const PlayerWords players = player_words(source.bytes());
  for (const std::string& word : players.words) add_listed_tags(word, facts);
  if (!facts.rating) facts.rating = players.rating;
  // Of MP4 and QuickTime it is what is fit for children.
  const bool is_boxes = std::string_view(format->iformat->name).find("mp4") != std::string_view::npos;
  if (!facts.rating && !is_boxes) facts.rating = stars(words("rating"), false);
  MetadataObject object;
  const auto keep = [&](const AVDictionary* tags) {
    const AVDictionaryEntry* entry = nullptr;
    while ((entry = av_dict_get(tags, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
      object.add(lower(entry->key), entry->value);
    }
  };
  keep(format->metadata);
  if (main != nullptr) keep(main->metadata);
  if (!object.empty()) facts.metadata["format"] = object.dump();
}

}  // namespace

void probe_av(const Source& source, MediaFacts& facts) {
  MediaInput input(source);
  input.find_streams();
  AVFormatContext* format = input.get();
  AVStream* video = input.best(AVMEDIA_TYPE_VIDEO);
  AVStream* audio = input.best(AVMEDIA_TYPE_AUDIO);
  if (video == nullptr && audio == nullptr) fail(EINVAL, "no sound and no picture is in it");
  if (format->duration > 0) facts.duration_us = format->duration;
  const AVStream* const main = video != nullptr ? video : audio;
  find_recording(source, format, video, main, facts);
  find_track_tags(source, format, main, facts);
  find_packet(source, format, main, facts);
  if (audio != nullptr) facts.audio = audio_facts(format, audio, video == nullptr);
  facts.kind = Kind::kAudio;
  if (video == nullptr) {
    if (facts.mime.starts_with("video/")) facts.mime.replace(0, 5, "audio");
    facts.clip = sound_clip(format, audio, tag(format->metadata, "time_reference"));
    facts.still = audio_raster(format);
    return;
  }
  facts.video = video_facts(format, video);
  // Last: to count packets, the file is read to its end.
  const FrameTimes times = frame_times(format, video);
  facts.video->frame_count = times.count;
  facts.video->variable_frame_rate = times.variable;
  // A table tells the average itself.
  const Rational average = times.rate(video->time_base);
  if (times.variable && times.walked && average.num > 0) facts.video->frame_rate = average;
  if (times.count == 0 && video->avg_frame_rate.num <= 0) facts.video->frame_rate = {0, 1};
  facts.clip = video_clip(format, video, times, facts.video->timecode);
  facts.raster = facts.video->coded;
  facts.still = square_pixels(facts.video->coded, facts.video->sample_aspect, facts.video->rotation);
  facts.kind = Kind::kVideo;
  if (facts.mime.starts_with("audio/")) facts.mime.replace(0, 5, "video");
}

}  // namespace damfs::worker
