// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

#include "views/frame/view.h"

namespace damfs {

// The asset that a file dropped into a folder which only gathers assets (a tag, an album, the inbox) is: the one in
// it that is called so, with a new version; the one that has these bytes; else a new one, filed under
// originals/<year>/<day>/ by capture date.
int64_t file_into_group(Writer& writer, const View& view, const SealedFile& file, int64_t key, std::string_view name);

}  // namespace damfs
