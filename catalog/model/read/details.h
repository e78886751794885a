// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/packs.h"
#include "catalog/model/read/reader.h"
#include "catalog/model/write/sidecar.h"

namespace damfs {

// All that the catalog knows of one asset, for people and programs that ask about it.
struct Details {
  int64_t id = 0;
  std::string label;
  std::vector<std::string> paths;   // below originals/
  std::vector<std::string> copies;  // other assets with the same bytes, the first of them: a path of each
  int64_t version = 0;
  int64_t versions = 0;        // how many are kept
  int64_t version_number = 0;  // of the newest: 3 where versions/ calls it v003
  std::string note;            // unreadable_sidecar
  std::string damage;          // what is wrong with its object; empty: nothing that is known
  std::string custody;
  Digest sha256;
  int64_t size = 0;
  int64_t mtime_ns = 0;
  std::string camera;  // its folder in by-camera/, or empty
  std::optional<int64_t> rating;
  std::string title, description;
  std::string captured;  // ISO 8601
  DateSource date_source = DateSource::kMtime;
  std::vector<std::string> tags, albums;  // paths
  std::vector<PackReader::Origin> derived_from;
  MediaFacts media;                             // what the worker found; without tags, words and metadata
  std::map<std::string, std::string> metadata;  // namespace → JSON
};

// Its paths below originals/, which are a small part of it.
std::vector<std::string> paths_of_asset(Reader& reader, int64_t asset);

// Empty: no such asset.
std::optional<Details> load_details(Reader& reader, int64_t asset);

// Why a sidecar of it is not heard; empty: none is so bad.
std::string unreadable_sidecar(Reader& reader, int64_t asset);

// What a sidecar of it says.
SidecarWords sidecar_words(Reader& reader, int64_t asset);

// The assets whose current bytes those are.
std::vector<int64_t> assets_of_bytes(Reader& reader, const Digest& sha256);

// What people may call an asset: "#12", a path below originals/, a label. Empty: nothing is called so.
std::optional<int64_t> resolve_asset(Reader& reader, std::string_view item);

}  // namespace damfs
