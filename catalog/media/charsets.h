// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace damfs {

// An encoding that names in archives can be read in.
struct Charset {
  std::string_view name;   // as people give it
  const char* iconv_name;  // as the C library has it
};

// What names in an archive were read in that do not tell their encoding, and what came next. Null: there are none that
// do not; it was said, or nothing comes next.
struct NamesRead {
  const Charset* charset = nullptr;
  const Charset* runner_up = nullptr;
};

// It is found out for each archive, from all of its names together.
inline constexpr std::string_view kAutoCharset = "auto";

std::span<const Charset> charsets();  // one name an encoding, in the order in which they are listed
// Case, and '-', '_' and ' ', do not count; other names in use are understood, too. Null: none is called so.
const Charset* find_charset(std::string_view name);
// kAutoCharset, or the name of a charset as charsets() has it. Throws Error(EINVAL) that lists them for any other.
std::string charset_name(std::string_view wanted);

}  // namespace damfs
