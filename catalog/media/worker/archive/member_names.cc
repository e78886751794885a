// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/member_names.h"

#include <iconv.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <vector>

#include "catalog/base/names.h"
#include "catalog/media/worker/archive/name_likelihood.h"

namespace damfs::worker {
namespace {

constexpr size_t kEnoughToTell = 64U << 10;  // bytes: it is slower than unpacking
// Of each byte of a name that is impossible in an encoding: that one may have been written by another program, but all
// others have to speak for it.
constexpr double kImpossible = -7;

bool is_plain_byte(char c) { return (static_cast<unsigned char>(c) & 0x80U) == 0; }
ptrdiff_t bytes_that_tell(std::string_view part) {
  return std::count_if(part.begin(), part.end(), [](char c) { return !is_plain_byte(c); });
}

// Each part of a path once: a folder's name says no more for what is in it.
std::set<std::string_view> parts_that_tell(std::span<const std::string_view> names) {
  std::set<std::string_view> parts;
  size_t taken = 0;
  for (std::string_view name : names) {
    while (!name.empty() && taken < kEnoughToTell) {
      const size_t slash = std::min(name.find('/'), name.size());
      const std::string_view part = name.substr(0, slash);
      name.remove_prefix(std::min(slash + 1, name.size()));
      if (bytes_that_tell(part) > 0 && parts.insert(part).second) taken += part.size();
    }
  }
  return parts;
}

// How many bytes one character has that begins with these, in an encoding of East Asia.
size_t length_in_east(std::string_view bytes, std::string_view charset) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (at(0) < 0x80 || (charset == "shift-jis" && at(0) >= 0xA1 && at(0) <= 0xDF)) return 1;
  if (charset == "gb18030" && bytes.size() > 1 && at(1) >= '0' && at(1) <= '9') return 4;
  if (charset == "euc-jp" && at(0) == 0x8F) return 3;
  return 2;
}

// The characters of what was read, each with its bytes.
std::vector<NameCharacter> characters(std::string_view text, std::string_view bytes, const NameCharset& charset) {
  const bool is_east = is_of_east(name_language(charset.spoken.front()).script);
  std::vector<NameCharacter> all;
  const auto* from = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t n = utf8proc_iterate(from, left, &character);
    if (n <= 0) break;
    from += n;
    left -= n;
    const size_t length = bytes.empty() ? 0 : std::min(bytes.size(), is_east ? length_in_east(bytes, charset.name) : 1);
    uint32_t value = 0;
    for (const char byte : bytes.substr(0, length)) value = value << 8 | static_cast<unsigned char>(byte);
    bytes.remove_prefix(length);
    all.push_back({static_cast<char32_t>(character), value});
  }
  return all;
}

struct Reading {
  const Charset* charset = nullptr;
  double likelihood = 0;
  std::vector<std::string> texts;
};

std::optional<Reading> read_as(const NameCharset& candidate, const std::set<std::string_view>& parts) {
  Reading reading{find_charset(candidate.name), candidate.prior, {}};
  Decoder decoder(*reading.charset);
  double impossible = 0;
  std::vector<std::vector<NameCharacter>> names;
  for (const std::string_view part : parts) {
    auto text = decoder.decode(part);
    if (text) names.push_back(characters(*text, part, candidate));
    if (!text) impossible += kImpossible * static_cast<double>(1 + bytes_that_tell(part));
    reading.texts.push_back(std::move(text).value_or(std::string(part)));
  }
  if (names.empty()) return std::nullopt;
  std::optional<double> best;
  for (const std::string_view tag : candidate.spoken) {
    const NameLikelihood language(name_language(tag));
    double sum = name_language(tag).prior;
    for (const auto& name : names) sum += language.of(name, candidate.name);
    best = std::max(best.value_or(sum), sum);
  }
  reading.likelihood += *best + impossible;
  return reading;
}

}  // namespace

Decoder::Decoder(const Charset& charset) {
  iconv_t converter = ::iconv_open("UTF-8", charset.iconv_name);
  if (converter != reinterpret_cast<iconv_t>(-1)) converter_.reset(converter);
}

void Decoder::Close::operator()(void* converter) const { ::iconv_close(converter); }

std::optional<std::string> Decoder::decode(std::string_view bytes) {
  if (!converter_) return std::nullopt;
  ::iconv(converter_.get(), nullptr, nullptr, nullptr, nullptr);  // begin anew
  std::string text;
  char* in = const_cast<char*>(bytes.data());
  size_t left = bytes.size();
  for (bool is_ending = false;;) {
    std::array<char, 1024> buffer;
    char* out = buffer.data();
    size_t room = buffer.size();
    const size_t converted = ::iconv(converter_.get(), is_ending ? nullptr : &in, &left, &out, &room);
    text.append(buffer.data(), buffer.size() - room);
    if (converted == static_cast<size_t>(-1)) {
      if (errno != E2BIG) return std::nullopt;
    } else if (is_ending) {
      return is_utf8(text) ? std::optional(std::move(text)) : std::nullopt;
    } else {
      is_ending = true;  // some hold a character back, in case another is to be combined with it
    }
  }
}

NamesRead guess_charset(std::span<const std::string_view> names) {
  const std::set<std::string_view> parts = parts_that_tell(names);
  if (parts.empty()) return {};
  std::vector<Reading> readings;
  for (const NameCharset& candidate : name_charsets()) {
    auto reading = read_as(candidate, parts);
    if (reading) readings.push_back(std::move(*reading));
  }
  std::stable_sort(readings.begin(), readings.end(),
                   [](const Reading& a, const Reading& b) { return a.likelihood > b.likelihood; });
  if (readings.empty()) return {};
  // What reads the same is no other answer.
  const auto other = std::find_if(readings.begin() + 1, readings.end(),
                                  [&](const Reading& each) { return each.texts != readings.front().texts; });
  return {readings.front().charset, other == readings.end() ? nullptr : other->charset};
}

}  // namespace damfs::worker
