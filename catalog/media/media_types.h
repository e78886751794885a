// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "catalog/media/facts.h"

namespace damfs {

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

// How names of such files end: ".nef .nrw", in lower case, each in one list. For bytes that may be several things the
// name decides; and a member of an archive is looked at for what it is called.
struct Extensions {
  std::string_view maps{};    // looked at in an archive, and where it holds a material taken for one of its maps
  std::string_view shown{};   // looked at in an archive
  std::string_view others{};  // too rare for that
};

struct MediaType {
  std::string_view mime;  // "text/*": all that begin so
  Extensions extensions{};
  Kind kind = Kind::kOther;
  Prober prober = Prober::kNone;
  StillMaker still = StillMaker::kNone;
  std::string_view demuxers{};  // libavformat's names of what is catalogued so, "mpeg mpegvideo"; none: by wildcard
  std::string_view decoder{};   // libavcodec's name of what reads it as one frame
  bool needs_index = false;     // a recording that does not say where its key frames are
};

// Every type that is more than kept. Of several that fit, the first says what it is.
std::span<const MediaType> media_types();

// That one's row; one that nothing is known of where there is none.
const MediaType& media_type(std::string_view mime);

// The row of what can be told from others like it by its name alone: `among` is the prober of the candidates. Null:
// the name says nothing.
const MediaType* type_by_name(std::string_view name, Prober among);

// The row that files of that demuxer of libavformat's are catalogued as; null: it has no row of its own.
const MediaType* type_of_demuxer(std::string_view name);

// Of a member of an archive, by its extension, folded and with its dot.
bool is_shown_extension(std::string_view extension);  // it is looked at
bool is_map_extension(std::string_view extension);    // and may be a map of a material

}  // namespace damfs
