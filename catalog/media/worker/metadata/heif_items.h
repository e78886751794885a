// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace damfs::worker {

// The bytes of the item of a HEIF or AVIF file that is of that media type ("application/rdf+xml"): ISO/IEC 14496-12,
// "the meta box". `meta` is that box's body, in `file`. Empty: there is none.
std::string heif_item(std::string_view file, std::string_view meta, std::string_view media_type);

}  // namespace damfs::worker
