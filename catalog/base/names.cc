// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/names.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "catalog/base/error.h"

namespace damfs {
namespace {

struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

std::string map_utf8(std::string_view text, int options) {
  utf8proc_uint8_t* raw = nullptr;
  const auto n =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &raw, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(raw);
  if (n < 0) return std::string(text);
  return {reinterpret_cast<const char*>(raw), static_cast<size_t>(n)};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_ascii(x) == lower_ascii(y); });
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

// Where to cut so that at most `max` bytes stay and no UTF-8 character is split.
size_t cut_at_character(std::string_view text, size_t max) {
  if (text.size() <= max) return text.size();
  size_t cut = max;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return cut;
}

bool is_reserved_dos_name(std::string_view stem) {
  static constexpr std::array<std::string_view, 4> kPlain = {"CON", "PRN", "AUX", "NUL"};
  for (const auto name : kPlain) {
    if (equals_ignoring_case(stem, name)) return true;
  }
  return stem.size() == 4 && stem[3] >= '1' && stem[3] <= '9' &&
         (equals_ignoring_case(stem.substr(0, 3), "COM") || equals_ignoring_case(stem.substr(0, 3), "LPT"));
}

// Replaces what UTF-8 decoding refuses; `control_too` also replaces C0, DEL and C1.
std::string replace_invalid(std::string_view text, std::string_view replacement, bool control_too) {
  std::string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t codepoint = 0;
    const auto n = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &codepoint);
    const bool control = codepoint < 0x20 || (codepoint >= 0x7F && codepoint < 0xA0);
    if (n <= 0 || (control_too && control)) {
      out += replacement;
      at += n <= 0 ? 1 : static_cast<size_t>(n);
    } else {
      out += text.substr(at, static_cast<size_t>(n));
      at += static_cast<size_t>(n);
    }
  }
  return out;
}

}  // namespace

EntryName::EntryName(std::string_view text) : text_(text) {
  if (text.empty() || text == "." || text == ".." || text.find('/') != text.npos || text.find('\0') != text.npos) {
    fail(EINVAL, "'{}' is not a file name", printable(text));
  }
  if (text.size() > kMaxNameBytes) fail(ENAMETOOLONG, "the name '{}' is longer than 255 bytes", printable(text));
}

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t codepoint = 0;
    const auto n = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &codepoint);
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return true;
}

std::string nfc(std::string_view name) {
  if (is_ascii(name)) return std::string(name);
  return map_utf8(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::string fold(std::string_view name) {
  if (is_ascii(name)) {
    std::string folded(name);
    std::transform(folded.begin(), folded.end(), folded.begin(), lower_ascii);
    return folded;
  }
  return map_utf8(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

std::string portable_name(std::string_view name, size_t max_bytes) {
  std::string clean = nfc(replace_invalid(name, "_", true));
  for (char& c : clean) {
    if (std::string_view("<>:\"/\\|?*").find(c) != std::string_view::npos) c = '_';
  }
  const auto trim = [](std::string& text) {
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  };
  trim(clean);
  if (clean.empty()) clean = "_";
  const std::string_view before_first_dot = std::string_view(clean).substr(0, clean.find('.'));
  if (is_reserved_dos_name(before_first_dot)) clean.insert(before_first_dot.size(), "_");
  if (clean.size() > max_bytes) {
    auto [stem, extension] = split_extension(clean);
    if (extension.size() > 32 || extension.size() + 1 > max_bytes) {
      stem = clean;
      extension = {};
    }
    const std::string tail(extension);
    std::string head(stem.substr(0, cut_at_character(stem, max_bytes - tail.size())));
    if (tail.empty()) trim(head);
    clean = head + tail;
    if (clean.empty()) clean = "_";
  }
  return clean;
}

std::string with_suffix(std::string_view name, std::string_view suffix) {
  auto [stem, extension] = split_extension(name);
  if (extension.size() > 32) {
    stem = name;
    extension = {};
  }
  const size_t room = kMaxNameBytes - suffix.size() - extension.size();
  std::string out(stem.substr(0, cut_at_character(stem, room)));
  out += suffix;
  out += extension;
  return out;
}

StemAndExtension split_extension(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == name.npos || dot == 0) return {name, {}};
  return {name.substr(0, dot), name.substr(dot)};
}

bool is_litter(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kExact = {
      ".DS_Store",  "Thumbs.db",       "ehthumbs.db", "desktop.ini",
      ".directory", ".localized",      ".hidden",     ".Spotlight-V100",
      ".fseventsd", ".TemporaryItems", ".Trashes",    ".com.apple.timemachine.donotpresent"};
  if (name.starts_with("._") || name.starts_with(".Trash-") || name == ".Trash" || name == "Icon\r") return true;
  return std::any_of(kExact.begin(), kExact.end(),
                     [&](std::string_view litter) { return equals_ignoring_case(name, litter); });
}

namespace {

bool is_six_letters(std::string_view text) {
  return text.size() == 6 &&
         std::all_of(text.begin(), text.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

// What mkstemp puts into a name. A word of six small letters is somebody's own: one in two hundred that are made up
// looks so too.
bool is_made_up(std::string_view text) {
  return is_six_letters(text) && !std::all_of(text.begin(), text.end(),
                                              [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace

bool is_temporary(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kEnds = {".tmp", "~",           ".part",        ".swp",
                                                            ".swx", ".crdownload", "_exiftool_tmp"};
  static constexpr std::array<std::string_view, 5> kBegins = {".goutputstream-", ".~lock.", ".#", "~$", ".fuse_hidden"};
  const auto begins = [&](std::string_view begin) { return name.starts_with(begin); };
  if (std::any_of(kBegins.begin(), kBegins.end(), begins)) return true;
  if (name == "4913") return true;  // vim tries with that whether it may write
  // rsync's ".a.jpg.Xa3b9Z", sed's "sedXa3b9Z", "a.txt.sb-1234abcd-Xa3b9Z" of programs for macOS.
  const size_t dot = name.rfind('.');
  if (name.starts_with('.') && dot != name.npos && dot > 1) {
    const bool has_extension = name.substr(1, dot - 1).find('.') != name.npos;
    if (is_made_up(name.substr(dot + 1)) || (has_extension && is_six_letters(name.substr(dot + 1)))) return true;
  }
  if (name.starts_with("sed") && is_made_up(name.substr(3))) return true;
  if (dot != name.npos && name.substr(dot).starts_with(".sb-")) return true;
  if (name.size() > 2 && name.front() == '#' && name.back() == '#') return true;
  return std::any_of(kEnds.begin(), kEnds.end(), [&](std::string_view end) {
    return name.size() > end.size() && ends_with_ignoring_case(name, end);
  });
}

namespace {

constexpr std::string_view kSlashInTag = "\xEF\xB7\x90";  // U+FDD0, which Unicode keeps for programs' own use

std::string with_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at = 0; at <= text.size();) {
    const size_t found = std::min(text.find(from, at), text.size());
    out += text.substr(at, found - at);
    if (found < text.size()) out += to;
    at = found + from.size();
  }
  return out;
}

}  // namespace

std::string tag_part(std::string_view written) {
  return with_all(with_all(written, kSlashInTag, "_"), "/", kSlashInTag);
}

std::string tag_words(std::string_view part) { return with_all(part, kSlashInTag, "/"); }

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!folder.empty()) path += '/';
  path += name;
  return path;
}

std::string printable(std::string_view text) { return replace_invalid(text, "\xEF\xBF\xBD", true); }

std::string version_name(int64_t number, std::string_view label) {
  return fmt::format("v{:03}{}", number, split_extension(label).extension);
}

}  // namespace damfs
