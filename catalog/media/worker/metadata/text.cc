// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/text.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"

namespace damfs::worker {
namespace {

// Windows-1252, which is Latin-1 but for these; five bytes of it mean nothing.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0x20,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x20,   0x017D, 0x20,
                                                   0x20,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x20,   0x017E, 0x0178};

std::string windows1252_to_utf8(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    const char16_t code = byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80U] : char16_t{byte};
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return out;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

size_t json_size(std::string_view text) {
  size_t size = 2;
  for (const char c : text) size += c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' ? 2 : 1;
  return size;
}

}  // namespace

std::string as_utf8(std::string_view raw) { return is_utf8(raw) ? std::string(raw) : windows1252_to_utf8(raw); }

std::string clean_text(std::string_view raw, size_t limit) {
  std::string text = as_utf8(raw);
  for (char& c : text) {
    const bool control = (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) || c == 0x7f;
    if (control) c = ' ';
  }
  return std::string(trim(cut(trim(text), limit)));
}

std::string clean_line(std::string_view raw, size_t limit) {
  std::string text = clean_text(raw, limit);
  std::replace_if(text.begin(), text.end(), is_space, ' ');
  return text;
}

std::string tag_path(std::string_view raw, char separator) {
  std::string path;
  for (size_t begin = 0; begin <= raw.size();) {
    const size_t end = std::min(raw.find(separator, begin), raw.size());
    const std::string part = tag_part(clean_line(raw.substr(begin, end - begin), FactLimits::kTag));
    if (!part.empty()) path += (path.empty() ? "" : "/") + part;
    begin = end + 1;
  }
  return path.size() > FactLimits::kTag ? std::string() : path;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

void MetadataObject::add(std::string_view key, std::string_view raw_value) {
  std::string name = clean_line(key, FactLimits::kName);
  std::string value = clean_text(raw_value, FactLimits::kMetadataValue);
  if (name.empty() || value.empty()) return;
  const size_t size = json_size(name) + json_size(value) + 2;
  if (bytes_ + size > FactLimits::kMetadata) return;
  if (values_.emplace(std::move(name), std::move(value)).second) bytes_ += size;
}

std::string MetadataObject::dump() const { return nlohmann::json(values_).dump(); }

}  // namespace damfs::worker
