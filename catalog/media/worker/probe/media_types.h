// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "catalog/media/facts.h"

namespace damfs::worker {

// Who tells the facts of such a file.
enum class Prober : uint8_t {
  kNone,       // nobody: it is kept as it is
  kPicture,    // libvips
  kFlat,       // whoever makes its stills, from the header; it lies as it is stored
  kRaw,        // exiv2
  kRecording,  // libavformat
  kDocument,
  kMetadata,  // exiv2 and whatever else reads what is said of things: there is nothing to show
  kPages,     // libvips' drawing of a document
  kArchive,
  kProgram,  // which may unpack what stands behind it
  kSidecar,
};

// Who makes its stills. Of recordings and archives it is what is found in them that decides.
enum class StillMaker : uint8_t { kNone, kPicture, kPages, kExr, kPhotoshop, kCodec, kRaw };

struct MediaType {
  std::string_view mime;        // "text/*": all that begin so
  std::string_view extensions;  // ".nef .nrw": for bytes that may be several things, the name decides
  Kind kind;
  Prober prober;
  StillMaker still;
};

// Every type that is more than kept. Of several that fit, the first says what it is.
std::span<const MediaType> media_types();

// That one's row; one that nothing is known of where there is none.
const MediaType& media_type(std::string_view mime);

// The row of what can be told from others like it by its name alone: `among` is the prober of the candidates. Null:
// the name says nothing.
const MediaType* type_by_name(std::string_view name, Prober among);

}  // namespace damfs::worker
