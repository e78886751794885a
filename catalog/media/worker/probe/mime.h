// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "catalog/media/worker/probe/mp4_tracks.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

// What the bytes are, by their structure, with libmagic as one voice. `name` decides only where several things look
// alike: TIFF and the camera formats that are TIFF inside, and what has no signature at all.
std::string mime_of(const Source& source, std::string_view name);

// What a recording in boxes is that libmagic has no better name for.
std::string movie_mime(const Mp4Layout& layout);

// From where on a document's reader is to read it: other programs' junk may stand before it.
std::span<const uint8_t> document_bytes(const Source& source);

// From ten bytes of a file: a JPEG's first two, and the name of its first segment, whose mark is damaged.
bool looks_like_scratched_jpeg(std::string_view head);

// Loads libmagic's tables, which is where a file is opened; later calls need none.
void load_magic();

}  // namespace damfs::worker
