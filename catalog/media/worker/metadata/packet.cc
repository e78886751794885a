// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/packet.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/boxes.h"
#include "catalog/media/worker/metadata/heif_items.h"
#include "catalog/media/worker/metadata/id3.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

using namespace std::string_view_literals;

constexpr size_t kLongestPacket = 32U << 20;
constexpr size_t kMostParts = 10'000;  // of one level

uint32_t big32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

uint32_t little32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string taken(std::string_view text) { return text.size() > kLongestPacket ? std::string() : std::string(text); }

// --- GIF ------------------------------------------------------------------------------------------------

size_t table_size(char flags) { return (flags & 0x80) != 0 ? size_t{3} << ((flags & 7) + 1) : 0; }

// Behind a chain of sub-blocks.
size_t after_blocks(std::string_view file, size_t at) {
  while (at < file.size() && file[at] != 0) at += 1 + static_cast<unsigned char>(file[at]);
  return at + 1;
}

// The packet stands in an application extension as it is, and 258 bytes behind it lead every reader of sub-blocks to
// their end.
std::string in_gif(std::string_view file) {
  constexpr size_t kTrailer = 258;
  if (file.size() < 13) return {};
  size_t at = 13 + table_size(file[10]);
  while (at + 2 < file.size()) {
    if (file[at] == ',') {
      if (at + 10 > file.size()) return {};
      at = after_blocks(file, at + 10 + table_size(file[at + 9]) + 1);
    } else if (file[at] == '!') {
      const std::string_view extension = file.substr(at + 1);
      if (extension.starts_with("\xFF\x0BXMP DataXMP"sv)) {
        const size_t begin = at + 14;
        const size_t end = after_blocks(file, begin);
        if (end > file.size() || end - begin < kTrailer) return {};
        return taken(file.substr(begin, end - begin - kTrailer));
      }
      at = after_blocks(file, at + 2);
    } else {
      return {};
    }
  }
  return {};
}

// --- ISO base media ---------------------------------------------------------------------------------------

std::string in_boxes(std::string_view whole, std::string_view file, int depth) {
  constexpr std::string_view kXmpId = "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC"sv;
  constexpr int kDeepestBox = 3;
  for (size_t n = 0; n < kMostParts; ++n) {
    const auto box = take_box(file);
    if (!box) return {};
    if (box->type == "uuid" && box->body.starts_with(kXmpId)) return taken(box->body.substr(kXmpId.size()));
    if (box->type == "XMP_" || box->type == "xml ") return taken(box->body);
    std::string packet;
    if (box->type == "brob" && box->body.starts_with("xml ")) {
      packet = brotli_unpacked(box->body.substr(4), kLongestPacket);
    }
    if (box->type == "meta" && depth == 0) packet = heif_item(whole, box->body, "application/rdf+xml");
    if ((box->type == "moov" || box->type == "udta") && depth < kDeepestBox) {
      packet = in_boxes(whole, box->body, depth + 1);
    }
    if (!packet.empty()) return packet;
  }
  return {};
}

bool is_boxes(std::string_view file) {
  if (file.size() < 12) return false;
  const std::string_view type = file.substr(4, 4);
  return type == "ftyp" || type == "moov" || type == "mdat" || type == "wide" || type == "free" || type == "skip" ||
         type == "pnot" || file.starts_with("\0\0\0\x0CJXL "sv) || file.starts_with("\0\0\0\x0CjP  "sv);
}

// --- RIFF -------------------------------------------------------------------------------------------------

std::string in_chunks(std::string_view file) {
  size_t at = 12;
  for (size_t n = 0; n < kMostParts && at + 8 <= file.size(); ++n) {
    const std::string_view type = file.substr(at, 4);
    const size_t size = little32(file, at + 4);
    if (type == "_PMX") return taken(file.substr(at + 8, size));
    // In RF64 the sound is longer than its chunk can say, and nothing is to be found behind it.
    if (size >= file.size() - at - 8) return {};
    at += 8 + size + size % 2;
  }
  return {};
}

// --- ASF --------------------------------------------------------------------------------------------------

// Objects stand one behind the other, each with a name of 16 bytes and its length.
std::string in_objects(std::string_view file) {
  constexpr std::string_view kXmpName = "\xCB\xCF\x7A\xBE\xA9\x97\xE8\x42\x9C\x71\x99\x94\x91\xE3\xAF\xAC"sv;
  for (size_t n = 0; n < kMostParts && file.size() >= 24; ++n) {
    const uint64_t size = uint64_t{little32(file, 20)} << 32 | little32(file, 16);
    if (size < 24 || size > file.size()) return {};
    if (file.starts_with(kXmpName)) return taken(file.substr(24, static_cast<size_t>(size) - 24));
    file.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

// --- ID3 --------------------------------------------------------------------------------------------------

std::string in_id3(std::string_view file) {
  std::string packet;
  id3_frames(file, [&](std::string_view id, std::string_view body) {
    if (id == "PRIV" && body.starts_with("XMP\0"sv)) packet = taken(body.substr(4));
    return packet.empty();
  });
  return packet;
}

// A drawing is XML that may hold a packet anywhere.
std::string in_drawing(std::string_view file) {
  const size_t begin = file.find("<rdf:RDF");
  const size_t end = begin == file.npos ? file.npos : file.find("</rdf:RDF>", begin);
  return end == file.npos ? std::string() : taken(file.substr(begin, end + 10 - begin));
}

bool is_markup(std::string_view file) {
  constexpr size_t kMarkupHead = 4096;
  const std::string_view head = file.substr(0, kMarkupHead);
  const size_t begin = head.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  return begin != head.npos && head[begin] == '<' && head.find("<svg") != head.npos && file.size() <= kLongestPacket;
}

// The first one is of the document, those behind it are of what was placed in it.
std::string in_postscript(std::string_view file) {
  const size_t begin = file.find("<?xpacket begin");
  const size_t end = begin == file.npos ? file.npos : file.find("<?xpacket end", begin);
  return end == file.npos ? std::string() : taken(file.substr(begin, end - begin));
}

bool is_postscript(std::string_view file) { return file.starts_with("%!PS") || file.starts_with("\xC5\xD0\xD3\xC6"); }

std::string_view letters_of(std::span<const uint8_t> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

constexpr size_t kLongestWords = 16U << 10;

std::string unpacked(std::string_view deflated) {
  std::string text(kLongestWords, '\0');
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<unsigned>(std::min(deflated.size(), size_t{1} << 20));
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<unsigned>(text.size());
  ::inflate(&stream, Z_SYNC_FLUSH);
  ::inflateEnd(&stream);
  return text.substr(0, kLongestWords - std::min<size_t>(stream.avail_out, kLongestWords));
}

// "keyword\0text"; of iTXt two flags and two more words stand between them, of zTXt one.
void take_text(std::string_view type, std::string_view body, PngWords& words) {
  const size_t zero = body.find('\0');
  if (zero == body.npos) return;
  // Programs spell them with and without their blanks.
  std::string keyword = lower(body.substr(0, zero));
  keyword.erase(std::remove(keyword.begin(), keyword.end(), ' '), keyword.end());
  std::string* const word = keyword == "creationtime"                          ? &words.creation_time
                            : keyword == "title"                               ? &words.title
                            : keyword == "description" || keyword == "comment" ? &words.description
                                                                               : nullptr;
  if (word == nullptr || !word->empty()) return;
  std::string_view text = body.substr(zero + 1);
  bool is_packed = type == "zTXt";
  if (type == "iTXt") {
    if (text.size() < 2) return;
    is_packed = text[0] != 0;
    text.remove_prefix(2);
    for (int i = 0; i < 2; ++i) {
      const size_t end = text.find('\0');
      if (end == text.npos) return;
      text.remove_prefix(end + 1);
    }
  } else if (is_packed) {
    text.remove_prefix(std::min<size_t>(1, text.size()));
  }
  *word = clean_text(is_packed ? unpacked(text) : text.substr(0, kLongestWords), kLongestWords);
}

}  // namespace

std::string packet_in(std::span<const uint8_t> bytes) {
  const std::string_view file = letters_of(bytes);
  if (file.starts_with("GIF8")) return in_gif(file);
  if (is_boxes(file)) return in_boxes(file, file, 0);
  if (file.starts_with("RIFF") || file.starts_with("RF64") || file.starts_with("BW64")) {
    std::string packet = in_chunks(file);
    return packet.empty() ? in_id3(file) : packet;
  }
  if (file.starts_with("\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv)) return in_objects(file);
  if (file.starts_with("ID3") || file.starts_with("FORM")) return in_id3(file);
  if (is_postscript(file)) return in_postscript(file);
  if (is_markup(file)) return in_drawing(file);
  return {};
}

std::vector<std::string> more_packets_in_jpeg(std::span<const uint8_t> bytes) {
  constexpr std::string_view kXmpBegins = "http://ns.adobe.com/xap/1.0/\0"sv;
  constexpr size_t kMostSegments = 256;
  const std::string_view file = letters_of(bytes);
  std::vector<std::string> packets;
  if (!file.starts_with("\xFF\xD8")) return packets;
  size_t at = 2;
  bool is_first = true;
  for (size_t n = 0; n < kMostSegments && at + 4 <= file.size() && file[at] == '\xFF'; ++n) {
    const size_t size = big32(file, at) & 0xFFFFU;
    if (file[at + 1] == '\xDA' || size < 2 || size > file.size() - at - 2) break;
    const std::string_view body = file.substr(at + 4, size - 2);
    at += 2 + size;
    if (!body.starts_with(kXmpBegins)) continue;
    if (!is_first) packets.emplace_back(body.substr(kXmpBegins.size()));
    is_first = false;
  }
  return packets;
}

std::string camcorder_date(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDate = "<CreationDate value=\"";
  std::string_view file = letters_of(bytes);
  if (!is_boxes(file)) return {};
  for (size_t n = 0; n < kMostParts; ++n) {
    const auto box = take_box(file);
    if (!box) return {};
    const size_t begin = box->type == "meta" ? box->body.find(kDate) : box->body.npos;
    if (begin == box->body.npos) continue;
    const std::string_view date = box->body.substr(begin + kDate.size(), FactLimits::kName);
    return clean_line(date.substr(0, date.find('"')), FactLimits::kName);
  }
  return {};
}

PngWords png_words(std::span<const uint8_t> bytes) {
  const std::string_view file = letters_of(bytes);
  PngWords words;
  if (!file.starts_with("\x89PNG\r\n\x1A\n")) return words;
  size_t at = 8;
  for (size_t n = 0; n < kMostParts && at + 12 <= file.size(); ++n) {
    const size_t size = big32(file, at);
    const std::string_view type = file.substr(at + 4, 4);
    if (size > file.size() - at - 12) return words;
    if (type == "tEXt" || type == "iTXt" || type == "zTXt") take_text(type, file.substr(at + 8, size), words);
    at += 12 + size;
  }
  return words;
}

}  // namespace damfs::worker
