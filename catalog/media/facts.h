// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/media/charsets.h"
#include "catalog/media/clip.h"
#include "catalog/media/geometry.h"
#include "catalog/media/pack.h"

namespace damfs {

// The version of the probe: raised when it finds more or other facts of the same bytes.
inline constexpr int kProbeRecipe = 6;

// The numbers are stored in catalogs and packed into node numbers: never renumber.
enum class Kind : uint8_t { kImage = 1, kVideo = 2, kAudio = 3, kDocument = 4, kTexturePack = 5, kOther = 6 };
inline constexpr Kind kAllKinds[] = {Kind::kImage,    Kind::kVideo,       Kind::kAudio,
                                     Kind::kDocument, Kind::kTexturePack, Kind::kOther};
std::string_view to_string(Kind kind);  // "image", "texture-pack", …: the folders of by-type/
std::optional<Kind> kind_from_string(std::string_view text);

// Which record a capture time was read from; kMtime when none gave one. The numbers are stored in catalogs: never
// renumber. Which of them is believed before which others, kDateLadder says.
enum class DateSource : uint8_t {
  kExif = 1,       // when the camera took it
  kQuickTime = 2,  // a recording, of the QuickTime family
  kXmp = 3,
  kMtime = 4,  // the file's time
  kIptc = 5,
  kGps = 6,        // satellites' time
  kDigitized = 7,  // Exif: when it was scanned
  kContainer = 8,  // a recording, of other families
  kBext = 9,       // Broadcast Wave
  kPng = 10,       // "Creation Time"
  kSidecar = 11,
  kModified = 12,  // Exif: when the picture was saved last
  kName = 13,      // as phones and messengers name files
};
inline constexpr DateSource kDateLadder[] = {
    DateSource::kExif,      DateSource::kXmp,       DateSource::kIptc, DateSource::kGps, DateSource::kDigitized,
    DateSource::kQuickTime, DateSource::kContainer, DateSource::kBext, DateSource::kPng, DateSource::kSidecar,
    DateSource::kModified,  DateSource::kName,      DateSource::kMtime};
bool is_better(DateSource a, DateSource b);     // stands above it
std::string_view to_string(DateSource source);  // "exif", "xmp", … "mtime"
std::optional<DateSource> date_source_from_string(std::string_view text);

// One video stream, as its container and its first frames tell.
struct VideoFacts {
  std::string codec;  // libavcodec's name: "h264"
  Raster coded;       // as stored, before sample aspect and rotation
  Rational sample_aspect{1, 1};
  int rotation = 0;           // degrees clockwise to show it upright: 0, 90, 180, 270
  Rational frame_rate{0, 1};  // average, frames a second
  bool variable_frame_rate = false;
  int64_t frame_count = 0;   // exact: from the container's sample table, else packets counted
  std::string field_order;   // "progressive", "tt", "bb", "tb", "bt", or "unknown"
  std::string pixel_format;  // libavutil's name
  std::string color_primaries, color_transfer, color_space, color_range;  // libavutil's names
  std::string timecode;                                                   // "01:00:59;20", or empty
  std::string reel;                                                       // reel name of the time-code track, or empty
};

struct AudioFacts {
  std::string codec;
  int channels = 0;
  std::string channel_layout;  // libavutil's name: "stereo"
  int sample_rate = 0;         // Hz
  int64_t bit_rate = 0;        // bit/s, 0 when unknown
};

struct Position {
  double latitude = 0;             // degrees, north positive
  double longitude = 0;            // degrees, east positive
  std::optional<double> altitude;  // metres above sea level
};

// Of an archive, in MediaFacts::metadata["format"]: NamesRead, by the names of its charsets.
inline constexpr const char* kNamesReadAs = "names_encoding";
inline constexpr const char* kNamesRunnerUp = "names_runner_up";

// The type of an XMP sidecar. What its facts say (rating, title, description, tags) is said of the file beside it.
inline constexpr std::string_view kSidecarMime = "application/rdf+xml";

// What a file is, as the worker found by looking at its bytes. Facts of bytes, not of a name: equal bytes
// have equal facts. Empty strings, zeros and empty optionals mean "not recorded".
struct MediaFacts {
  Kind kind = Kind::kOther;
  std::string mime = "application/octet-stream";  // by content, libmagic's name
  std::string problem;                            // why it could not be probed (a sentence), empty when all went well

  std::optional<Raster> raster;  // as stored
  int orientation = 1;           // Exif 1..8
  // What a still of it shows before shrinking: upright, square pixels. Absent: no still can be declared.
  std::optional<Raster> still;

  int64_t duration_us = 0;
  std::optional<VideoFacts> video;
  std::optional<AudioFacts> audio;
  std::optional<ClipFacts> clip;           // absent: no editing proxy can be declared
  int pages = 0;                           // documents
  bool is_archive = false;                 // there is an inside to look at (JobType::kPackIndex)
  std::shared_ptr<const Pack> pack;        // that inside; never in a probe's own answer
  std::string pack_charset{kAutoCharset};  // Job::charset of the names in it

  std::optional<CaptureTime> captured;
  DateSource date_source = DateSource::kMtime;  // meaningful only with `captured`
  std::string make, model, lens;                // as recorded, trimmed
  std::optional<Position> position;
  std::optional<int> rating;  // 0..5 stars; -1 is "rejected"
  std::string title, description;
  // Tags, each a path from the root of the tag tree, its parts joined by '/': "places/italy/rome".
  std::vector<std::string> tags;

  // Of a sidecar: the extension of the files that it is of, "CR2", where it tells.
  std::string sidecar_for;

  // Namespaced metadata, one JSON object a namespace, as text: "exif", "iptc", "xmp", "format", and "people": who is in
  // the picture, and where ("left top width height" as parts of it, "; " between several, or "somewhere").
  std::map<std::string, std::string> metadata;
};

}  // namespace damfs
