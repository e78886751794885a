// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace damfs::worker {

// An XML document in UTF-8, whatever it was in: UTF-16 by its mark or its zeros, what it declares, else Windows-1252
// where it is no UTF-8. What no XML document may hold is mended: control characters, an '&' that begins nothing.
std::string mended_xml(std::string_view document);

// Text of two bytes a character, the lesser first, as Windows keeps it; empty where it is none.
std::string utf16_text(std::string_view bytes);

}  // namespace damfs::worker
