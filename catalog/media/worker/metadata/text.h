// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace damfs::worker {

// UTF-8, or else Windows-1252 (which Latin-1 is part of), as UTF-8.
std::string as_utf8(std::string_view raw);

// Text as metadata holds it, as_utf8. Control characters other than line
// ends become spaces, white space at both ends and NULs go, what exceeds `limit` bytes is cut at a character.
std::string clean_text(std::string_view raw, size_t limit);

// The same on one line.
std::string clean_line(std::string_view raw, size_t limit);

// A tag path from its parts' separator; empty when nothing is left. A '/' inside a part stays one (names.h: tag_part).
std::string tag_path(std::string_view raw, char separator);

bool equals_ignoring_case(std::string_view a, std::string_view b);  // ASCII
std::string lower(std::string_view text);                           // ASCII

// A JSON object of printed values, which stays small whatever it is fed.
class MetadataObject {
 public:
  void add(std::string_view key, std::string_view raw_value);  // one seen before, or one too many, is dropped
  bool empty() const { return values_.empty(); }
  std::string dump() const;

 private:
  std::map<std::string, std::string> values_;
  size_t bytes_ = 2;  // of the JSON text
};

}  // namespace damfs::worker
