// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace damfs::worker {

// A box of ISO base media, as JPEG 2000 and JPEG XL have them too.
struct CarrierBox {
  std::string_view type, body;
};

// Takes one off the front; one that is longer than all there is ends with it. Empty: there is none.
std::optional<CarrierBox> take_box(std::string_view& file);

// What Brotli made smaller. Empty: it is damaged, or longer than `limit`.
std::string brotli_unpacked(std::string_view packed, size_t limit);

// The Exif block (a TIFF) of a JPEG XL, compressed or not. Empty: there is none.
std::string exif_of_jxl(std::string_view file);

}  // namespace damfs::worker
