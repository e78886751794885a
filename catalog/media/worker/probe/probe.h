// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/media/facts.h"
#include "catalog/media/media_types.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

// Looks at a file's bytes. Never throws for a bad file: what cannot be read is kOther with a `problem`.
// `name` is only a hint where bytes are ambiguous (RAW formats that look like TIFF).
MediaFacts probe(const Source& source, std::string_view name);

// The parts. Each fills in what it finds, and throws Error with a sentence when the file is not readable as
// what its type says.
void probe_image(const Source& source, MediaFacts& facts);  // raster, pages, orientation, still, metadata
// A picture inside an archive, by its header alone: what it is, and what a still of it shows before shrinking. Empty:
// it is none, or none that can be read.
struct PictureFacts {
  std::string mime;
  Raster still;
};
std::optional<PictureFacts> picture_facts(const Source& source, std::string_view name);
void probe_raw(const Source& source, MediaFacts& facts);  // camera raw: exiv2 alone, and its largest preview
// A format whose raster its stills' maker tells, always upright.
Raster flat_raster(StillMaker maker, const Source& source, std::string_view mime);
void probe_flat_image(const Source& source, Raster raster, MediaFacts& facts);
void probe_told(const Source& source, MediaFacts& facts);   // of what is not shown: its metadata
void probe_pages(const Source& source, MediaFacts& facts);  // of a document that is drawn
void probe_zip(const Source& source, MediaFacts& facts);    // texture pack or not
// A program that unpacks what stands behind it; nothing where there is no such thing.
void probe_self_extracting(const Source& source, MediaFacts& facts);
void probe_sidecar(const Source& source, MediaFacts& facts);  // XMP beside another file
void probe_av(const Source& source, MediaFacts& facts);       // sound and moving pictures

// Metadata that libvips hands out of containers which exiv2 does not open.
struct MetadataBlocks {
  std::string exif, iptc, xmp;
};

// Exif, IPTC and XMP, from the file itself, else from `blocks`. Gives the pixel size that the metadata reader
// saw, as RAW files need it. Throws nothing for lack of metadata.
Raster probe_metadata(const Source& source, const MetadataBlocks& blocks, MediaFacts& facts);

Raster upright(Raster raster, int orientation);

}  // namespace damfs::worker
