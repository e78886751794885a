// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/xmp_text.h"

#include <iconv.h>

#include <algorithm>
#include <optional>

#include "catalog/base/names.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

using namespace std::string_view_literals;

std::string without_zeros_after(std::string text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

std::optional<std::string> converted(std::string_view text, const std::string& charset) {
  const iconv_t converter = ::iconv_open("UTF-8", charset.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  std::string out(text.size() * 4 + 16, '\0');
  auto* from = const_cast<char*>(text.data());
  size_t from_left = text.size();
  char* to = out.data();
  size_t to_left = out.size();
  const bool failed = ::iconv(converter, &from, &from_left, &to, &to_left) == static_cast<size_t>(-1);
  ::iconv_close(converter);
  out.resize(out.size() - to_left);
  // What is cut in the middle of a character has its beginning.
  return failed && from_left > 3 ? std::nullopt : std::optional(std::move(out));
}

// The encoding that `<?xml … encoding="…"?>` declares.
std::string declared_charset(std::string_view text) {
  const size_t end = text.starts_with("<?xml") ? text.find("?>") : text.npos;
  if (end == text.npos) return {};
  const std::string_view declaration = text.substr(0, end);
  const size_t at = declaration.find("encoding");
  const size_t open = at == declaration.npos ? declaration.npos : declaration.find_first_of("'\"", at);
  if (open == declaration.npos) return {};
  const size_t close = declaration.find(declaration[open], open + 1);
  if (close == declaration.npos) return {};
  return lower(declaration.substr(open + 1, close - open - 1));
}

std::string to_utf8(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("<\0"sv)) {
    return converted(text.starts_with('<') ? text : text.substr(2), "UTF-16LE").value_or("");
  }
  if (text.starts_with("\xFE\xFF") || text.starts_with("\0<"sv)) {
    return converted(text.starts_with('\0') ? text : text.substr(2), "UTF-16BE").value_or("");
  }
  const std::string charset = declared_charset(text);
  const bool is_narrow = !charset.empty() && charset != "utf-8" && !charset.starts_with("utf-16") &&
                         !charset.starts_with("utf-32") && !charset.starts_with("ucs");
  if (is_narrow) {
    // Who declares Latin-1 means what Windows means by it.
    const bool is_latin = charset == "iso-8859-1" || charset == "latin1" || charset == "us-ascii" || charset == "ascii";
    if (auto out = converted(text, is_latin ? "WINDOWS-1252" : charset)) return *std::move(out);
  }
  return as_utf8(text);
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '#';
}

// Only what every XML document knows; anything else would need a document type.
bool begins_reference(std::string_view text) {
  const auto end =
      static_cast<size_t>(std::find_if_not(text.begin() + 1, text.end(), is_name_character) - text.begin());
  if (end >= text.size() || text[end] != ';' || end < 2) return false;
  const std::string_view name = text.substr(1, end - 1);
  return name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos" || name.front() == '#';
}

}  // namespace

std::string mended_xml(std::string_view document) {
  const std::string text = without_zeros_after(to_utf8(document));
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  // What it declares is no longer so.
  if (rest.starts_with("<?xml")) rest.remove_prefix(std::min(rest.find("?>"), rest.size() - 2) + 2);
  std::string out;
  out.reserve(rest.size());
  for (size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    const bool is_control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
    out += is_control ? ' ' : c;
    if (c == '&' && !begins_reference(rest.substr(i))) out += "amp;";
  }
  return out;
}

std::string utf16_text(std::string_view bytes) {
  return without_zeros_after(converted(bytes, "UTF-16LE").value_or(""));
}

}  // namespace damfs::worker
