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

// The encoding in which those names of an archive were read that do not tell theirs, and the second best guess. Null:
// all names tell theirs; the encoding was given, or there is no second.
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
