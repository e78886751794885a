// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/details.h"

#include <charconv>

#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/sidecar.h"

namespace damfs {
namespace {

void load_technical(Reader& reader, int64_t version, MediaFacts& media) {
  db::Use row(reader.statement("technical_of_version"));
  row->bind_all(version);
  if (!row->step()) return;
  media.kind = static_cast<Kind>(row->integer(0));
  media.mime = row->text(1);
  media.problem = row->text(2);
  if (row->integer(3) > 0) media.raster = Raster{row->integer(3), row->integer(4)};
  media.orientation = static_cast<int>(row->integer(5));
  if (row->integer(6) > 0) media.still = Raster{row->integer(6), row->integer(7)};
  media.pages = static_cast<int>(row->integer(8));
  media.duration_us = row->integer(9);
  media.make = row->text(10);
  media.model = row->text(11);
  media.lens = row->text(12);
  media.clip = clip_from_text(row->text(16));
  if (!row->is_null(13)) {
    media.position = Position{row->real(13), row->real(14), std::nullopt};
    if (!row->is_null(15)) media.position->altitude = row->real(15);
  }
}

// Where its sidecar says that it was.
std::optional<Position> position_of_sidecar(Reader& reader, int64_t asset) {
  for (const auto& [folder, name] : reader.folder_entries(asset)) {
    for (const auto& [called, form] : sidecars_of(name)) {
      const auto found = reader.find_asset(Grouping::kFolder, folder, called);
      if (!found || found->row.id == asset) continue;
      db::Use row(reader.statement("sidecar_of_version"));
      row->bind_all(found->row.version);
      if (!row->step() || !applies_to(sidecar_from_text(row->text(0)), form, name)) continue;
      MediaFacts said;
      load_technical(reader, found->row.version, said);
      if (said.position) return said.position;
    }
  }
  return std::nullopt;
}

void load_video(Reader& reader, int64_t version, MediaFacts& media) {
  db::Use row(reader.statement("video_of_version"));
  row->bind_all(version);
  if (!row->step()) return;
  VideoFacts video;
  video.codec = row->text(0);
  video.coded = {row->integer(1), row->integer(2)};
  video.sample_aspect = {row->integer(3), row->integer(4)};
  video.rotation = static_cast<int>(row->integer(5));
  video.frame_rate = {row->integer(6), row->integer(7)};
  video.variable_frame_rate = row->integer(8) != 0;
  video.frame_count = row->integer(9);
  video.field_order = row->text(10);
  video.pixel_format = row->text(11);
  video.color_primaries = row->text(12);
  video.color_transfer = row->text(13);
  video.color_space = row->text(14);
  video.color_range = row->text(15);
  video.timecode = row->text(16);
  video.reel = row->text(17);
  media.video = std::move(video);
}

void load_audio(Reader& reader, int64_t version, MediaFacts& media) {
  db::Use row(reader.statement("audio_of_version"));
  row->bind_all(version);
  if (!row->step()) return;
  AudioFacts audio;
  audio.codec = row->text(0);
  audio.channels = static_cast<int>(row->integer(1));
  audio.channel_layout = row->text(2);
  audio.sample_rate = static_cast<int>(row->integer(3));
  audio.bit_rate = row->integer(4);
  media.audio = std::move(audio);
}

constexpr size_t kMostCopiesTold = 100;

std::vector<std::string> paths_of_copies(Reader& reader, int64_t asset) {
  std::vector<int64_t> others;
  const int64_t blob = reader.shared_blob(asset);
  if (blob == 0) return {};
  reader.assets(Grouping::kDuplicates, blob, 0, [&](const AssetRow& row) {
    if (row.id != asset) others.push_back(row.id);
    return others.size() < kMostCopiesTold;
  });
  std::vector<std::string> paths;
  for (const int64_t other : others) {
    const auto own = paths_of_asset(reader, other);
    if (!own.empty()) paths.push_back(own.front());
  }
  return paths;
}

}  // namespace

std::vector<std::string> paths_of_asset(Reader& reader, int64_t asset) {
  std::vector<std::string> paths;
  for (const auto& [folder, name] : reader.folder_entries(asset)) {
    paths.push_back(join_path(reader.group_path(Grouping::kFolder, folder), name));
  }
  return paths;
}

std::string unreadable_sidecar(Reader& reader, int64_t asset) {
  for (const auto& [folder, name] : reader.folder_entries(asset)) {
    for (const auto& [called, form] : sidecars_of(name)) {
      const auto found = reader.find_asset(Grouping::kFolder, folder, called);
      const auto bytes = found && found->row.id != asset ? reader.bytes_of_version(found->row.version) : std::nullopt;
      if (bytes && bytes->mime == kSidecarMime && !bytes->problem.empty()) {
        return "what " + called + " says of it is not heard: " + bytes->problem;
      }
    }
  }
  return {};
}

std::optional<Details> load_details(Reader& reader, int64_t asset) {
  const auto found = reader.asset(asset);
  if (!found) return std::nullopt;
  const auto bytes = reader.bytes_of_version(found->row.version);
  if (!bytes) return std::nullopt;
  Details details;
  details.id = asset;
  details.label = found->name;
  details.version = found->row.version;
  details.sha256 = bytes->sha256;
  details.size = bytes->size;
  details.damage = bytes->damage;
  details.note = unreadable_sidecar(reader, asset);
  details.mtime_ns = found->row.mtime_ns;
  details.paths = paths_of_asset(reader, asset);
  const auto locations = reader.locations_of_version(found->row.version);
  details.custody = locations.empty() ? "missing" : locations.front().custody;
  if (const auto camera = key_in(found->row, row_of(Grouping::kCamera))) {
    if (const auto group = reader.group(Grouping::kCamera, *camera)) details.camera = group->name;
  }
  const WordsRow words = reader.words(asset);
  details.rating = words.rating;
  details.title = words.title;
  details.description = words.description;
  details.captured = words.captured;
  details.date_source = words.date_source;
  details.tags = reader.tag_texts(asset);
  details.copies = paths_of_copies(reader, asset);
  for (const int64_t album : reader.albums(asset)) details.albums.push_back(reader.group_path(Grouping::kAlbum, album));
  details.derived_from = PackReader(reader).origins(asset);
  load_technical(reader, found->row.version, details.media);
  if (!details.media.position) details.media.position = position_of_sidecar(reader, asset);
  load_video(reader, found->row.version, details.media);
  load_audio(reader, found->row.version, details.media);
  db::Use versions(reader.statement("count_of_versions_and_number"));
  if (versions->bind_all(asset, details.version).step()) {
    details.versions = versions->integer(0);
    details.version_number = versions->integer(1);
  }
  db::Use rows(reader.statement("metadata_of_version"));
  rows->bind_all(details.version);
  while (rows->step()) details.metadata.emplace(rows->text(0), rows->text(1));
  return details;
}

SidecarWords sidecar_words(Reader& reader, int64_t asset) {
  WordsRow words = reader.words(asset);
  return {words.rating, std::move(words.title), std::move(words.description), reader.tag_texts(asset)};
}

std::vector<int64_t> assets_of_bytes(Reader& reader, const Digest& sha256) {
  std::vector<int64_t> assets;
  db::Use rows(reader.statement("assets_showing_bytes"));
  rows->bind_blob(1, sha256.raw());
  while (rows->step()) assets.push_back(rows->integer(0));
  return assets;
}

std::optional<int64_t> resolve_asset(Reader& reader, std::string_view item) {
  if (item.starts_with('#')) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(item.data() + 1, item.data() + item.size(), id);
    if (error == std::errc() && end == item.data() + item.size() && reader.asset(id)) return id;
  }
  int64_t folder = 1;
  std::string_view rest = item;
  while (rest.starts_with('/') || rest.starts_with("./")) rest.remove_prefix(rest.front() == '/' ? 1 : 2);
  for (size_t slash = rest.find('/'); slash != rest.npos; slash = rest.find('/')) {
    const auto row = reader.find_group(Grouping::kFolder, folder, rest.substr(0, slash));
    if (!row) return std::nullopt;
    folder = row->key;
    rest.remove_prefix(slash + 1);
  }
  if (const auto found = reader.find_asset(Grouping::kFolder, folder, rest)) return found->row.id;
  if (folder != 1) return std::nullopt;
  db::Use row(reader.statement("asset_labelled"));
  if (row->bind_all(std::string_view(fold(item))).step()) return row->integer(0);
  return std::nullopt;
}

}  // namespace damfs
