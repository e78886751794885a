// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"

namespace damfs::worker {
namespace {

std::string latin1_to_utf8(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
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

std::string clean_text(std::string_view raw, size_t limit) {
  std::string text = is_utf8(raw) ? std::string(raw) : latin1_to_utf8(raw);
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
    std::string part = clean_line(raw.substr(begin, end - begin), FactLimits::kTag);
    std::replace(part.begin(), part.end(), '/', '_');
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
