// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/facts_json.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "catalog/base/error.h"

namespace damfs {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int kMaxDepth = 4;
constexpr std::string_view kNamespaces[] = {"exif", "iptc", "xmp", "format", "people"};

[[noreturn]] void odd(std::string_view what) { fail(EPROTO, "a worker's answer is malformed: {}", what); }

// A JSON object whose members are taken one by one; what nobody took was not expected.
class Members {
 public:
  Members(const Json& object, std::string_view what) : object_(object), what_(what) {
    if (!object.is_object()) odd(what);
  }

  const Json* take(const char* key) {
    const auto it = object_.find(key);
    if (it == object_.end()) return nullptr;
    ++taken_;
    return &*it;
  }

  const Json& need(const char* key) {
    const Json* value = take(key);
    if (value == nullptr) odd(key);
    return *value;
  }

  bool has(const char* key) const { return object_.contains(key); }

  std::string text(const char* key, size_t limit) {
    const Json* value = take(key);
    return value == nullptr ? std::string() : text_of(*value, key, limit);
  }

  int64_t number(const char* key, int64_t low, int64_t high, int64_t missing) {
    const Json* value = take(key);
    return value == nullptr ? missing : number_of(*value, key, low, high);
  }

  bool flag(const char* key) {
    const Json* value = take(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) odd(key);
    return value->get<bool>();
  }

  double real(const char* key, double low, double high) {
    const Json& value = need(key);
    if (!value.is_number()) odd(key);
    const double number = value.get<double>();
    if (!std::isfinite(number) || number < low || number > high) odd(key);
    return number;
  }

  void end() const {
    if (taken_ != object_.size()) odd(what_);
  }

  static std::string text_of(const Json& value, std::string_view key, size_t limit) {
    if (!value.is_string()) odd(key);
    const auto& text = value.get_ref<const std::string&>();
    const auto forbidden = [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
    };
    if (text.size() > limit || std::any_of(text.begin(), text.end(), forbidden)) odd(key);
    return text;
  }

  static int64_t number_of(const Json& value, std::string_view key, int64_t low, int64_t high) {
    if (!value.is_number_integer()) odd(key);
    if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(kMax)) odd(key);
    const auto number = value.get<int64_t>();
    if (number < low || number > high) odd(key);
    return number;
  }

 private:
  const Json& object_;
  std::string_view what_;
  size_t taken_ = 0;
};

Json pair_json(int64_t first, int64_t second) { return Json::array({first, second}); }

std::pair<int64_t, int64_t> read_pair(const Json& value, std::string_view key, int64_t low, int64_t high) {
  if (!value.is_array() || value.size() != 2) odd(key);
  return {Members::number_of(value[0], key, low, high), Members::number_of(value[1], key, low, high)};
}

std::optional<Raster> read_raster(Members& in, const char* key) {
  const Json* value = in.take(key);
  if (value == nullptr) return std::nullopt;
  const auto [width, height] = read_pair(*value, key, 1, FactLimits::kEdge);
  return Raster{width, height};
}

Rational read_rational(Members& in, const char* key, Rational missing) {
  const Json* value = in.take(key);
  if (value == nullptr) return missing;
  const auto [num, den] = read_pair(*value, key, 0, std::numeric_limits<int32_t>::max());
  if (den == 0) odd(key);
  return {num, den};
}

void put(Json& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

Json video_json(const VideoFacts& video) {
  Json out = Json::object();
  put(out, "codec", video.codec);
  if (video.coded) out["coded"] = pair_json(video.coded.width, video.coded.height);
  out["sample_aspect"] = pair_json(video.sample_aspect.num, video.sample_aspect.den);
  out["rotation"] = video.rotation;
  out["frame_rate"] = pair_json(video.frame_rate.num, video.frame_rate.den);
  out["variable_frame_rate"] = video.variable_frame_rate;
  out["frame_count"] = video.frame_count;
  put(out, "field_order", video.field_order);
  put(out, "pixel_format", video.pixel_format);
  put(out, "color_primaries", video.color_primaries);
  put(out, "color_transfer", video.color_transfer);
  put(out, "color_space", video.color_space);
  put(out, "color_range", video.color_range);
  put(out, "timecode", video.timecode);
  put(out, "reel", video.reel);
  return out;
}

VideoFacts read_video(const Json& json) {
  Members in(json, "video");
  VideoFacts video;
  video.codec = in.text("codec", FactLimits::kName);
  video.coded = read_raster(in, "coded").value_or(Raster{});
  video.sample_aspect = read_rational(in, "sample_aspect", {1, 1});
  if (video.sample_aspect.num == 0) odd("sample_aspect");
  video.rotation = static_cast<int>(in.number("rotation", 0, 270, 0));
  if (video.rotation % 90 != 0) odd("rotation");
  video.frame_rate = read_rational(in, "frame_rate", {0, 1});
  video.variable_frame_rate = in.flag("variable_frame_rate");
  video.frame_count = in.number("frame_count", 0, kMax, 0);
  video.field_order = in.text("field_order", FactLimits::kName);
  video.pixel_format = in.text("pixel_format", FactLimits::kName);
  video.color_primaries = in.text("color_primaries", FactLimits::kName);
  video.color_transfer = in.text("color_transfer", FactLimits::kName);
  video.color_space = in.text("color_space", FactLimits::kName);
  video.color_range = in.text("color_range", FactLimits::kName);
  video.timecode = in.text("timecode", FactLimits::kName);
  video.reel = in.text("reel", FactLimits::kName);
  in.end();
  return video;
}

Json audio_json(const AudioFacts& audio) {
  Json out = Json::object();
  put(out, "codec", audio.codec);
  out["channels"] = audio.channels;
  put(out, "channel_layout", audio.channel_layout);
  out["sample_rate"] = audio.sample_rate;
  out["bit_rate"] = audio.bit_rate;
  return out;
}

AudioFacts read_audio(const Json& json) {
  Members in(json, "audio");
  AudioFacts audio;
  audio.codec = in.text("codec", FactLimits::kName);
  audio.channels = static_cast<int>(in.number("channels", 0, 1024, 0));
  audio.channel_layout = in.text("channel_layout", FactLimits::kName);
  audio.sample_rate = static_cast<int>(in.number("sample_rate", 0, 100'000'000, 0));
  audio.bit_rate = in.number("bit_rate", 0, kMax, 0);
  in.end();
  return audio;
}

Json position_json(const Position& position) {
  Json out = {{"latitude", position.latitude}, {"longitude", position.longitude}};
  if (position.altitude) out["altitude"] = *position.altitude;
  return out;
}

Position read_position(const Json& json) {
  Members in(json, "position");
  Position position;
  position.latitude = in.real("latitude", -90, 90);
  position.longitude = in.real("longitude", -180, 180);
  if (json.contains("altitude")) position.altitude = in.real("altitude", -100'000, 1'000'000);
  in.end();
  return position;
}

std::vector<std::string> read_tags(const Json& json) {
  if (!json.is_array() || json.size() > FactLimits::kTags) odd("tags");
  std::vector<std::string> tags;
  for (const Json& entry : json) {
    std::string tag = Members::text_of(entry, "tags", FactLimits::kTag);
    if (tag.empty() || tag.front() == '/' || tag.back() == '/' || tag.find("//") != tag.npos ||
        tag.find_first_of("\n\r\t") != tag.npos ||
        std::cmp_greater_equal(std::count(tag.begin(), tag.end(), '/'), FactLimits::kTagDepth)) {
      odd("tags");
    }
    tags.push_back(std::move(tag));
  }
  return tags;
}

std::map<std::string, std::string> read_metadata(const Json& json) {
  if (!json.is_object()) odd("metadata");
  std::map<std::string, std::string> metadata;
  for (const auto& [name, values] : json.items()) {
    if (std::find(std::begin(kNamespaces), std::end(kNamespaces), name) == std::end(kNamespaces)) odd("metadata");
    if (!values.is_object()) odd(name);
    for (const auto& [key, value] : values.items()) {
      if (key.empty() || key.size() > FactLimits::kName) odd(name);
      Members::text_of(value, name, FactLimits::kMetadataValue);
    }
    std::string text = values.dump();
    if (text.size() > FactLimits::kMetadata) odd(name);
    metadata.emplace(name, std::move(text));
  }
  return metadata;
}

Json metadata_json(const std::map<std::string, std::string>& metadata) {
  Json out = Json::object();
  for (const auto& [name, text] : metadata) out[name] = Json::parse(text);
  return out;
}

// A document as deep or as ambiguous as no worker of ours writes is refused while it is being read.
Json parse(std::string_view text) {
  if (text.size() > FactLimits::kJson) odd("too long");
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) odd("too deep");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      odd("a key stands twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception& error) {
    odd(error.what());
  }
}

void read_capture(Members& in, MediaFacts& facts) {
  const std::string text = in.text("captured", FactLimits::kName);
  const std::string source = in.text("date_source", FactLimits::kName);
  if (text.empty() && source.empty()) return;
  facts.captured = CaptureTime::parse(text);
  if (!facts.captured || facts.captured->text() != text) odd("captured");
  const auto known = date_source_from_string(source);
  if (!known) odd("date_source");
  facts.date_source = *known;
}

}  // namespace

std::string facts_to_json(const MediaFacts& facts) {
  Json out = {{"kind", to_string(facts.kind)}, {"mime", facts.mime}, {"orientation", facts.orientation}};
  put(out, "problem", facts.problem);
  if (facts.raster) out["raster"] = pair_json(facts.raster->width, facts.raster->height);
  if (facts.still) out["still"] = pair_json(facts.still->width, facts.still->height);
  if (facts.duration_us != 0) out["duration_us"] = facts.duration_us;
  if (facts.video) out["video"] = video_json(*facts.video);
  if (facts.audio) out["audio"] = audio_json(*facts.audio);
  if (facts.clip) out["clip"] = clip_to_text(*facts.clip);
  if (facts.pages != 0) out["pages"] = facts.pages;
  if (facts.is_archive) out["archive"] = true;
  if (facts.captured) {
    out["captured"] = facts.captured->text();
    out["date_source"] = to_string(facts.date_source);
  }
  put(out, "make", facts.make);
  put(out, "model", facts.model);
  put(out, "lens", facts.lens);
  if (facts.position) out["position"] = position_json(*facts.position);
  if (facts.rating) out["rating"] = *facts.rating;
  put(out, "title", facts.title);
  put(out, "description", facts.description);
  if (!facts.tags.empty()) out["tags"] = facts.tags;
  put(out, "sidecar_for", facts.sidecar_for);
  if (!facts.metadata.empty()) out["metadata"] = metadata_json(facts.metadata);
  return out.dump();
}

MediaFacts facts_from_json(std::string_view json) {
  const Json document = parse(json);
  Members in(document, "facts");
  MediaFacts facts;
  const auto kind = kind_from_string(in.text("kind", FactLimits::kName));
  if (!kind) odd("kind");
  facts.kind = *kind;
  facts.mime = in.text("mime", FactLimits::kName);
  if (facts.mime.empty()) odd("mime");
  facts.problem = in.text("problem", FactLimits::kSentence);
  facts.raster = read_raster(in, "raster");
  facts.orientation = static_cast<int>(in.number("orientation", 1, 8, 1));
  facts.still = read_raster(in, "still");
  facts.duration_us = in.number("duration_us", 0, kMax, 0);
  if (const Json* video = in.take("video")) facts.video = read_video(*video);
  if (const Json* audio = in.take("audio")) facts.audio = read_audio(*audio);
  if (in.has("clip")) {
    facts.clip = clip_from_text(in.text("clip", FactLimits::kSentence));
    if (!facts.clip) odd("clip");
  }
  facts.pages = static_cast<int>(in.number("pages", 0, 10'000'000, 0));
  facts.is_archive = in.flag("archive");
  read_capture(in, facts);
  facts.make = in.text("make", FactLimits::kName);
  facts.model = in.text("model", FactLimits::kName);
  facts.lens = in.text("lens", FactLimits::kName);
  if (const Json* position = in.take("position")) facts.position = read_position(*position);
  if (document.contains("rating")) facts.rating = static_cast<int>(in.number("rating", -1, 5, 0));
  facts.title = in.text("title", FactLimits::kSentence);
  facts.description = in.text("description", FactLimits::kDescription);
  if (const Json* tags = in.take("tags")) facts.tags = read_tags(*tags);
  facts.sidecar_for = in.text("sidecar_for", FactLimits::kName);
  if (const Json* metadata = in.take("metadata")) facts.metadata = read_metadata(*metadata);
  in.end();
  return facts;
}

}  // namespace damfs
