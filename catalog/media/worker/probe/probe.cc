// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/probe.h"

#include <exception>
#include <new>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/media_types.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/probe/av_formats.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/probe/mp4_tracks.h"
#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {
namespace {

void probe_as(const MediaType& type, const Source& source, MediaFacts& facts) {
  facts.kind = type.kind;
  switch (type.prober) {
    case Prober::kNone: return;
    case Prober::kPicture: return probe_image(source, facts);
    case Prober::kFlat: return probe_flat_image(source, flat_raster(type.still, source, facts.mime), facts);
    case Prober::kRaw: return probe_raw(source, facts);
    case Prober::kRecording: return probe_av(source, facts);
    case Prober::kDocument: return;
    case Prober::kMetadata: return probe_told(source, facts);
    case Prober::kPages: return probe_pages(source, facts);
    case Prober::kArchive: return probe_zip(source, facts);
    case Prober::kProgram: return probe_self_extracting(source, facts);
    case Prober::kSidecar: return probe_sidecar(source, facts);
  }
}

// Where libmagic shrugs, as it does at an MP3 without tags or a camcorder's transport stream, or has a name that
// nobody here knows: whether libavformat does.
bool is_recording_of_its_own(const Source& source, MediaFacts& facts) {
  const RecordingGuess guess = recording_by_content(source);
  if (guess.format == nullptr) return false;
  MediaFacts found;
  found.mime = mime_of_format(guess.format);
  try {
    probe_av(source, found);
  } catch (const Error& error) {
    if (!guess.certain) return false;
    found = MediaFacts();
    found.mime = mime_of_format(guess.format);
    found.problem = clean_line(error.what(), FactLimits::kSentence);
  }
  facts = std::move(found);
  return true;
}

// Of a sequence of pictures whose one still picture is missing or broken, what moves can be shown.
bool is_moving_at_least(const Source& source, MediaFacts& facts) {
  const auto layout = mp4_layout(read_at(source.bytes()), static_cast<uint64_t>(source.size()));
  if (media_type(facts.mime).prober != Prober::kPicture || !layout || !layout->has_movie) return false;
  MediaFacts found;
  found.mime = movie_mime(*layout);
  try {
    probe_av(source, found);
  } catch (const Error&) {
    return false;
  }
  if (found.clip) found.clip = clip_from_text(clip_to_text(*found.clip), source.size());
  facts = std::move(found);
  return true;
}

bool is_unknown(std::string_view mime) {
  return mime == "application/octet-stream" || mime == "text/plain" || media_type(mime).prober == Prober::kNone;
}

}  // namespace

Raster upright(Raster raster, int orientation) {
  return orientation >= 5 ? Raster{raster.height, raster.width} : raster;
}

MediaFacts probe(const Source& source, std::string_view name) {
  MediaFacts facts;
  facts.mime = mime_of(source, name);
  const std::string mime = facts.mime;
  try {
    if (!is_unknown(mime) || !is_recording_of_its_own(source, facts)) probe_as(media_type(mime), source, facts);
    if (facts.clip) facts.clip = clip_from_text(clip_to_text(*facts.clip), source.size());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    if (is_moving_at_least(source, facts)) return facts;
    facts.kind = Kind::kOther;
    facts.raster.reset();
    facts.still.reset();
    facts.problem = clean_line(error.what(), FactLimits::kSentence);
  }
  return facts;
}

}  // namespace damfs::worker
