// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/mime.h"

#include <magic.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts.h"
#include "catalog/media/media_types.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/metadata/xmp.h"
#include "catalog/media/worker/probe/mp4_tracks.h"

namespace damfs::worker {
namespace {

// libmagic looks at every byte it is given, several times over; what tells a type stands well before this.
constexpr size_t kHead = 16U << 10;

struct MagicCloser {
  void operator()(magic_t cookie) const { ::magic_close(cookie); }
};
using Magic = std::unique_ptr<magic_set, MagicCloser>;

// One table for the life of the process, which is single-threaded where it uses this.
magic_t tables() {
  static const Magic instance = [] {
    Magic cookie(::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TAR));
    if (cookie == nullptr || ::magic_load(cookie.get(), nullptr) != 0) fail(ENOSYS, "cannot load libmagic's tables");
    return cookie;
  }();
  return instance.get();
}

std::string_view head_of(const Source& source) {
  const auto bytes = source.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kHead)};
}

struct Signature {
  std::string_view bytes, mime;
};
using namespace std::string_view_literals;
constexpr Signature kSignatures[] = {
    {"FUJIFILMCCD-RAW"sv, "image/x-fuji-raf"},
    {"IIU\0"sv, "image/x-panasonic-rw2"},
    {"IIRO"sv, "image/x-olympus-orf"},
    {"IIRS"sv, "image/x-olympus-orf"},
    {"MMOR"sv, "image/x-olympus-orf"},
    {"\0MRM"sv, "image/x-minolta-mrw"},
    {"\xFF\x0A"sv, "image/jxl"},
    {"\0\0\0\x0CJXL \r\n\x87\n"sv, "image/jxl"},
    {"\x76\x2F\x31\x01"sv, "image/x-exr"},
    {"#?RADIANCE\n"sv, "image/vnd.radiance"},
    {"#?RGBE\n"sv, "image/vnd.radiance"},
    {"DDS |\0\0\0"sv, "image/vnd.ms-dds"},
    {"PF\n"sv, "image/x-portable-floatmap"},
    {"Pf\n"sv, "image/x-portable-floatmap"},
    {"\x59\xA6\x6A\x95"sv, "image/x-sun-raster"},
    {"qoif"sv, "image/qoi"},
    {"\x01\xDA\0\x01\0"sv, "image/x-sgi"},
    {"\x01\xDA\x01\x01\0"sv, "image/x-sgi"},
    {"\x01\xDA\0\x02\0"sv, "image/x-sgi"},
    {"\x01\xDA\x01\x02\0"sv, "image/x-sgi"},
    {"caff\0\x01"sv, "audio/x-caf"},
    {"\xFF\x01"
     "Exiv2\xFF"sv,
     "image/x-exv"},
    {"\xC5\xD0\xD3\xC6"sv, "image/x-eps"},
};

std::string by_signature(std::string_view head) {
  for (const Signature& signature : kSignatures) {
    if (head.starts_with(signature.bytes)) return std::string(signature.mime);
  }
  if (looks_like_scratched_jpeg(head)) return "image/jpeg";
  if (head.size() > 12 && head.starts_with("II*\0"sv) && head.substr(8, 2) == "CR") return "image/x-canon-cr2";
  return {};
}

// Truevision's oldest pictures have no signature: a head of which every field is one that can be, before as many bytes
// as such a picture takes at the least.
bool looks_like_targa(const Source& source, std::string_view head) {
  if (head.size() < 18) return false;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(head[i]); };
  const auto word = [&](size_t i) { return at(i) | at(i + 1) << 8; };
  const int type = at(2);
  const bool is_mapped = type == 1 || type == 9;
  const bool is_grey = type == 3 || type == 11;
  const int depth = at(16);
  if (!is_mapped && !is_grey && type != 2 && type != 10) return false;
  if (is_mapped != (at(1) == 1) && at(1) > 1) return false;
  const bool is_depth = is_mapped || is_grey ? depth == 8 || depth == 16 : depth == 16 || depth == 24 || depth == 32;
  const int64_t pixels = int64_t{word(12)} * word(14);
  // Packed, 128 pixels take two bytes; else a file that lost half of its picture is one still.
  const int64_t least = 18 + (type >= 9 ? pixels / 64 : pixels * depth / 8 / 2);
  return is_depth && pixels > 0 && source.size() >= least && (at(17) & 0xC0) == 0;
}

// Pictures and recordings in boxes; empty where the boxes do not tell which.
std::string by_layout(const Mp4Layout& layout) {
  const auto has = [&](const char(&brand)[5]) { return layout.has_brand(four_characters(brand)); };
  if (has("crx ")) return "image/x-canon-cr3";
  if (layout.major == four_characters("avif") || layout.major == four_characters("avis")) return "image/avif";
  if (!layout.has_items || (layout.has_movie && !has("msf1") && !has("hevc") && !has("hevx"))) return {};
  if (has("avif") || has("avis")) return "image/avif";
  for (const uint32_t brand : layout.brands) {
    for (const uint32_t known : {four_characters("heic"), four_characters("heix"), four_characters("heim"),
                                 four_characters("heis"), four_characters("hevc"), four_characters("hevx"),
                                 four_characters("mif1"), four_characters("mif2"), four_characters("msf1")}) {
      if (brand == known) return "image/heic";
    }
  }
  return {};
}

bool looks_like_svg(std::string_view head) {
  const size_t at = head.find("<svg");
  if (at == head.npos || at + 4 >= head.size()) return false;
  const char next = head[at + 4];
  // An HTML page may hold a drawing, but is none.
  return (next == ' ' || next == '>' || next == '\n' || next == '\r' || next == '\t') &&
         lower(head.substr(0, at)).find("<html") == std::string::npos;
}

// A compressed drawing: what its first bytes unpack to.
bool looks_like_packed_svg(std::span<const uint8_t> bytes) {
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) return false;  // 16: with gzip's own head
  std::array<char, 4096> unpacked{};
  stream.next_in = const_cast<uint8_t*>(bytes.data());
  stream.avail_in = static_cast<unsigned>(std::min(bytes.size(), kHead));
  stream.next_out = reinterpret_cast<uint8_t*>(unpacked.data());
  stream.avail_out = unpacked.size();
  ::inflate(&stream, Z_SYNC_FLUSH);
  const size_t size = unpacked.size() - stream.avail_out;
  ::inflateEnd(&stream);
  return looks_like_svg({unpacked.data(), size});
}

// A PDF begins within the first so many bytes, as its readers have it: mail programs and printers write before it.
constexpr size_t kMostJunk = 1024;
constexpr std::string_view kPdfBegins = "%PDF-";
size_t junk_before_pdf(std::string_view head) { return head.substr(0, kMostJunk + kPdfBegins.size()).find(kPdfBegins); }

// What libmagic takes for something that may as well be something else.
std::string told_apart(const Source& source, std::string_view head, std::string_view name, std::string mime) {
  if (mime == "image/tiff") {
    const MediaType* raw = type_by_name(name, Prober::kRaw);
    return raw != nullptr ? std::string(raw->mime) : mime;
  }
  if ((mime.starts_with("text/") || mime == "application/xml") && looks_like_svg(head)) return "image/svg+xml";
  if (mime == "application/gzip" && looks_like_packed_svg(source.bytes())) return "image/svg+xml";
  const bool is_vague =
      mime == "application/octet-stream" || mime == "text/plain" || mime == "application/x-wine-extension-ini";
  if (is_vague && junk_before_pdf(head) != head.npos) return "application/pdf";
  const MediaType* named = is_vague || mime.starts_with("image/x-") ? type_by_name(name, Prober::kFlat) : nullptr;
  if (named != nullptr && named->mime == "image/x-tga" && looks_like_targa(source, head)) return "image/x-tga";
  if (mime == "image/x-tga" && !looks_like_targa(source, head)) return "application/octet-stream";
  return mime;
}

}  // namespace

bool looks_like_scratched_jpeg(std::string_view head) {
  if (head.size() < 10 || !head.starts_with("\xFF\xD8") || head[2] == '\xFF') return false;
  // One letter of the name may have been scratched too.
  const auto like = [&](std::string_view name) {
    int same = 0;
    for (size_t i = 0; i < name.size(); ++i) same += head[6 + i] == name[i] ? 1 : 0;
    return same + 1 >= static_cast<int>(name.size());
  };
  return like("JFIF") || like("Exif");
}

void load_magic() { tables(); }

std::string mime_of(const Source& source, std::string_view name) {
  if (source.size() == 0) return "inode/x-empty";
  const std::string_view head = head_of(source);
  if (std::string known = by_signature(head); !known.empty()) return known;
  if (looks_like_xmp(head)) return std::string(kSidecarMime);
  const auto layout = mp4_layout(read_at(source.bytes()), static_cast<uint64_t>(source.size()));
  if (layout) {
    if (std::string known = by_layout(*layout); !known.empty()) return known;
  }
  const char* found = ::magic_buffer(tables(), head.data(), head.size());
  std::string mime = found != nullptr ? clean_line(found, 255) : std::string();
  if (mime.empty() || mime.find('/') == mime.npos) mime = "application/octet-stream";
  if (layout && layout->has_movie) {
    return media_type(mime).prober == Prober::kRecording ? mime : movie_mime(*layout);
  }
  return told_apart(source, head, name, std::move(mime));
}

std::string movie_mime(const Mp4Layout& layout) {
  return layout.major == 0 || layout.major == four_characters("qt  ") ? "video/quicktime" : "video/mp4";
}

std::span<const uint8_t> document_bytes(const Source& source) {
  const size_t junk = junk_before_pdf(head_of(source));
  return source.bytes().subspan(junk == std::string_view::npos ? 0 : junk);
}

}  // namespace damfs::worker
