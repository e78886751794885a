// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/base/clock.h"
#include "catalog/base/digest.h"
#include "catalog/media/facts.h"
#include "catalog/model/groupings.h"

namespace damfs {

// How names in originals/ are compared, which are whatever bytes came; elsewhere NFC and NFD spellings are one name.
enum class Spelling : uint8_t {
  kExact,
  kAny,  // exactly so first, else the NFC-equal one
};

// Owner and permissions of a file or folder. What is empty was never set, and is the mount's own.
struct Ownership {
  std::optional<int64_t> mode;  // permission bits
  std::optional<int64_t> uid, gid;
};

// The numbers are stored.
enum class AssetState : uint8_t {
  kLive = 0,
  kTrashed = 1,   // it has no name in originals/: no view but trash/ shows it
  kAbsorbed = 2,  // its only version became another asset's; nothing shows it
};

// Whether flat views show an asset. The numbers are stored.
enum class Standing : uint8_t {
  kForItself = 0,
  kCopy = 1,  // an older asset with the same bytes stands for it there
  kLink = 2,  // it is a symbolic link: originals/ and the trash alone have it
};

// A group that can be shown as a folder.
struct GroupRow {
  int64_t key = 0;
  std::string name;
  int64_t changed_ns = 0;
  int64_t parent = 0;               // key of the group above it, in the same tree
  std::optional<int64_t> mtime_ns;  // what somebody set; else changed_ns
  Ownership ownership;
  std::string query;      // of a smart album: what it shows
  bool numbered = false;  // an album: names in it begin with numbers
};

// An album that shows what its query finds.
struct SmartAlbum {
  int64_t id = 0;
  int64_t parent = 0;
  std::string name;
  std::string query;
};

// An asset as a listing shows it: everything about its current version that stat and names need.
struct AssetRow {
  int64_t cursor = 0;     // where it stands in the listing it came from: rises, never 0
  std::string_view name;  // its name there; valid until the next row
  int64_t id = 0;
  int64_t version = 0;
  int64_t size = 0;  // bytes
  int64_t mtime_ns = 0;
  int64_t changed_ns = 0;
  int64_t names = 0;  // how many names it has in the mount
  Kind kind = Kind::kOther;
  Raster still;     // zero: no still can be declared
  int64_t day = 0;  // Day::key
  std::optional<int64_t> rating;
  std::string clip;  // media/clip.h, as text; empty: no editing proxy can be declared
  // The current version of the camera's own proxy of it; version 0: there is none.
  struct CameraProxy {
    int64_t version = 0;
    int64_t size = 0;  // bytes
    int64_t mtime_ns = 0;
    Ownership ownership;
  } camera_proxy;
  Ownership ownership;
  AssetState state = AssetState::kLive;
  Standing standing = Standing::kForItself;
  AssetLabels labels{};               // its camera and the like, see label_groupings()
  std::optional<int64_t> data_bytes;  // those of `size` that are no hole; empty: all
  bool is_in_flat_views() const { return standing == Standing::kForItself; }
  bool is_link() const { return standing == Standing::kLink; }
};

// An AssetRow that owns its name.
struct FoundAsset {
  AssetRow row;  // row.name is empty; use `name`
  std::string name;
};

// The bytes of a version and what deriving from them needs to know.
struct BytesRow {
  Digest sha256;
  int64_t size = 0;
  std::string mime;
  Kind kind = Kind::kOther;
  int64_t duration_us = 0;
  std::string problem;  // why it could not be probed, or empty
  std::string damage;   // what is wrong with its object, as far as is known; empty: nothing
};

// What an editing proxy of a version is made from.
struct ClipRow {
  Digest sha256;
  std::string clip;  // media/clip.h, as text
  std::string reel;
  std::string mime;
};

// One of an asset's states.
struct VersionRow {
  int64_t id = 0;
  int64_t number = 0;  // from 1 on, in the order in which they came; kept when others are purged
};

// A name that was removed from originals/.
struct TrashRow {
  int64_t id = 0;
  int64_t asset = 0;
  std::string name;    // in trash/
  std::string folder;  // where it was, below originals/
  std::string original_name;
  int64_t deleted_ns = 0;
  int64_t uid = 0;
  bool is_hidden = false;  // made and removed by one program within a minute: no trash shows it
};

// A file that is not catalogued and has its bytes in staging/.
struct KeptDraft {
  int64_t version = 0;
  int64_t view = 0, key = 0;  // its folder, as the mount names it
  std::string name;
  int64_t mtime_ns = 0;
  Ownership ownership;
  std::optional<int64_t> begun_from{};  // the version that it is to replace, 0: it is a new file; empty: not noted
};

// A blob that no probe has looked at yet.
struct UnprobedRow {
  int64_t blob = 0;
  Digest sha256;
  int64_t size = 0;
  std::string name;  // a hint for the probe
};

struct LocationRow {
  std::string custody;  // "object", "in-place"
  std::string path;     // of "in-place"
};

struct WordsRow {
  std::string title;
  std::string description;
  std::optional<int64_t> rating;
  DateSource date_source = DateSource::kMtime;
  std::string captured;  // ISO 8601
};

// What words are looked for in: an asset's names, title, description, tags and camera.
using SearchText = std::array<std::string, 5>;

// How a file looked when import last read it.
struct SourceStamp {
  int64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  int64_t inode = 0;
};

struct SourceRow {
  SourceStamp stamp;
  int64_t entry = 0;             // folder_entry.id it became
  std::optional<Digest> sha256;  // of its bytes; empty: an older damfs did not note it
  bool is_catalogued = false;    // they are in the catalog still
  bool is_damaged = false;       // and their object is known to be damaged
};

// One row of the change feed.
struct ChangeRow {
  enum class What : uint8_t {
    kAsset = 1,     // `asset` gained names or changed; `version` is the version it had before, or 0
    kLostName = 2,  // group (grouping, key) lost the entry `name`
    kNewGroup = 3,  // group (grouping, key) gained the sub-group `name`
    kGroup = 4,     // group (grouping, key) itself changed
    kBytes = 5,     // `version`, a state of `asset`, has other bytes; or they were found damaged, or are whole again
  };
  int64_t id = 0;
  What what = What::kAsset;
  int64_t asset = 0;
  int64_t version = 0;
  Grouping grouping = Grouping::kFolder;
  int64_t key = 0;
  std::string name;
};

}  // namespace damfs
