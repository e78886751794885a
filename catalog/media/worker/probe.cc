// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe.h"

#include <exception>
#include <new>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/mime.h"
#include "catalog/media/worker/picture.h"
#include "catalog/media/worker/text.h"

namespace damfs::worker {
namespace {

bool is_av_mime(std::string_view mime) {
  return mime.starts_with("video/") || mime.starts_with("audio/") || mime == "application/ogg" ||
         mime == "application/mxf" || mime == "application/vnd.rn-realmedia" || mime == "application/vnd.ms-asf" ||
         mime == "application/x-matroska";
}

// Also what libmagic has no name for: an archive may stand behind anything.
bool is_program_mime(std::string_view mime) {
  return mime == "application/octet-stream" || mime == "text/x-shellscript" || mime == "application/x-dosexec" ||
         mime == "application/vnd.microsoft.portable-executable" || mime == "application/x-executable" ||
         mime == "application/x-pie-executable" || mime == "application/x-mach-binary";
}

void probe_as(std::string_view mime, const Source& source, MediaFacts& facts) {
  if (mime == kSidecarMime) {
    probe_sidecar(source, facts);
  } else if (is_raw_mime(mime)) {
    probe_raw(source, facts);
  } else if (is_av_mime(mime)) {
    probe_av(source, facts);
  } else if (mime == "application/zip") {
    probe_zip(source, facts);
  } else if (is_program_mime(mime)) {
    probe_self_extracting(source, facts);
  } else if (is_document_mime(mime)) {
    probe_document(source, facts);
  } else if (mime == "image/x-exr") {
    probe_flat_image(source, exr_raster(source.bytes()), facts);
  } else if (mime == "image/vnd.adobe.photoshop") {
    probe_flat_image(source, psd_raster(source.bytes()), facts);
  } else if (mime.starts_with("image/")) {
    probe_image(source, facts);
  }
}

// Where libmagic shrugs, as it does at an MP3 without tags or a camcorder's transport stream.
bool is_vague(std::string_view mime) { return mime == "application/octet-stream" || mime == "text/plain"; }

}  // namespace

Raster upright(Raster raster, int orientation) {
  return orientation >= 5 ? Raster{raster.height, raster.width} : raster;
}

MediaFacts probe(const Source& source, std::string_view name) {
  MediaFacts facts;
  facts.mime = mime_of(source, name);
  if (is_vague(facts.mime)) {
    if (std::string mime = av_mime_by_content(source); !mime.empty()) facts.mime = std::move(mime);
  }
  const std::string mime = facts.mime;
  try {
    probe_as(mime, source, facts);
    if (facts.clip) facts.clip = clip_from_text(clip_to_text(*facts.clip), source.size());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    facts.kind = Kind::kOther;
    facts.raster.reset();
    facts.still.reset();
    facts.problem = clean_line(error.what(), FactLimits::kSentence);
  }
  return facts;
}

}  // namespace damfs::worker
