// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/json.h"

#include <nlohmann/json.hpp>

namespace damfs {
namespace {

using Json = nlohmann::ordered_json;

Json raster(const Raster& value) { return {{"width", value.width}, {"height", value.height}}; }

Json video_json(const VideoFacts& video) {
  return {{"codec", video.codec},
          {"width", video.coded.width},
          {"height", video.coded.height},
          {"sample_aspect", {video.sample_aspect.num, video.sample_aspect.den}},
          {"rotation", video.rotation},
          {"frame_rate", {video.frame_rate.num, video.frame_rate.den}},
          {"variable_frame_rate", video.variable_frame_rate},
          {"frame_count", video.frame_count},
          {"field_order", video.field_order},
          {"pixel_format", video.pixel_format},
          {"color_primaries", video.color_primaries},
          {"color_transfer", video.color_transfer},
          {"color_space", video.color_space},
          {"color_range", video.color_range},
          {"timecode", video.timecode},
          {"reel", video.reel}};
}

Json audio_json(const AudioFacts& audio) {
  return {{"codec", audio.codec},
          {"channels", audio.channels},
          {"channel_layout", audio.channel_layout},
          {"sample_rate", audio.sample_rate},
          {"bit_rate", audio.bit_rate}};
}

Json position_json(const Position& position) {
  Json json = {{"latitude", position.latitude}, {"longitude", position.longitude}};
  if (position.altitude) json["altitude"] = *position.altitude;
  return json;
}

}  // namespace

nlohmann::ordered_json to_json(const Details& details, bool with_metadata) {
  const MediaFacts& media = details.media;
  Json json = {{"id", details.id},
               {"label", details.label},
               {"path", details.paths.empty() ? "" : details.paths.front()},
               {"names", details.paths},
               {"copies", details.copies},
               {"kind", to_string(media.kind)},
               {"mime", media.mime},
               {"size", details.size},
               {"sha256", details.sha256.hex()},
               {"custody", details.custody},
               {"versions", details.versions},
               {"version", details.version_number},
               {"captured", details.captured},
               {"date_source", to_string(details.date_source)},
               {"camera", details.camera},
               {"make", media.make},
               {"model", media.model},
               {"lens", media.lens},
               {"rating", nullptr},
               {"title", details.title},
               {"description", details.description},
               {"tags", Json::array()},
               {"albums", details.albums},
               {"problem", media.problem},
               {"note", details.note},
               {"damage", details.damage}};
  for (const std::string& tag : details.tags) json["tags"].push_back(tag_words(tag));
  if (details.rating) json["rating"] = *details.rating;
  for (const PackReader::Origin& from : details.derived_from) {
    Json origin = {{"id", from.asset}, {"label", from.label}};
    if (!from.inside.empty()) origin["path"] = "packs/" + from.inside;
    json["derived_from"].push_back(std::move(origin));
  }
  if (media.raster) {
    json["raster"] = raster(*media.raster);
    json["orientation"] = media.orientation;
  }
  if (media.still) json["still"] = raster(*media.still);
  if (media.position) json["position"] = position_json(*media.position);
  if (media.pages > 0) json["pages"] = media.pages;
  if (media.duration_us > 0) json["duration"] = static_cast<double>(media.duration_us) / 1e6;
  if (media.video) json["video"] = video_json(*media.video);
  if (media.audio) json["audio"] = audio_json(*media.audio);
  if (with_metadata) {
    json["metadata"] = Json::object();
    for (const auto& [name_space, text] : details.metadata) {
      json["metadata"][name_space] = Json::parse(text, nullptr, false);
    }
  }
  return json;
}

std::string dump_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace damfs
