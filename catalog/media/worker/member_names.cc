// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/member_names.h"

#include <iconv.h>
#include <uchardet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <type_traits>

#include "catalog/base/names.h"

namespace damfs::worker {
namespace {

// Those whose names look like nothing else. What libuchardet takes for one of the West's many is often another of them.
constexpr std::string_view kTold[] = {"shift-jis", "euc-jp", "gbk", "gb18030", "big5", "euc-kr", "cp866"};
constexpr size_t kEnoughToTell = 1U << 20;  // bytes: it is slower than unpacking

struct DeleteDetector {
  void operator()(uchardet_t detector) const { uchardet_delete(detector); }
};

std::string told_by_looks(std::span<const std::string_view> names) {
  const std::unique_ptr<std::remove_pointer_t<uchardet_t>, DeleteDetector> detector(uchardet_new());
  size_t fed = 0;
  for (const std::string_view name : names) {
    if (uchardet_handle_data(detector.get(), name.data(), name.size()) != 0) return {};
    uchardet_handle_data(detector.get(), "\n", 1);
    fed += name.size();
    if (fed > kEnoughToTell) break;
  }
  uchardet_data_end(detector.get());
  return uchardet_get_charset(detector.get());
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

const Charset* guess_charset(std::span<const std::string_view> names) {
  if (names.empty()) return nullptr;
  const Charset* charset = find_charset(told_by_looks(names));
  if (charset == nullptr || std::find(std::begin(kTold), std::end(kTold), charset->name) == std::end(kTold)) {
    return nullptr;
  }
  Decoder decoder(*charset);
  const bool fits =
      std::all_of(names.begin(), names.end(), [&](std::string_view name) { return decoder.decode(name).has_value(); });
  return fits ? charset : nullptr;
}

}  // namespace damfs::worker
