// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace Exiv2 {
class ExifData;
}

namespace damfs::worker {

int orientation_in(const Exiv2::ExifData& exif);  // 1..8; 1 where it is not said

// As exiv2 finds it, wherever in the file it stands.
int exif_orientation(std::span<const uint8_t> bytes);

}  // namespace damfs::worker
