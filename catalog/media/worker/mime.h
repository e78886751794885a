// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "catalog/media/worker/source.h"

namespace damfs::worker {

// What the bytes are: libmagic's name, put right where it is known to be vague. `name` decides only between
// TIFF and the camera formats that are TIFF inside.
std::string mime_of(const Source& source, std::string_view name);

bool is_raw_mime(std::string_view mime);
bool is_document_mime(std::string_view mime);

// Loads libmagic's tables, which is where a file is opened; later calls need none.
void load_magic();

}  // namespace damfs::worker
