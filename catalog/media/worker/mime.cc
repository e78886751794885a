// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/mime.h"

#include <magic.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts.h"
#include "catalog/media/worker/text.h"
#include "catalog/media/worker/xmp.h"

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

struct RawFormat {
  std::string_view extension, mime;
};
constexpr RawFormat kRawFormats[] = {
    {".nef", "image/x-nikon-nef"},      {".nrw", "image/x-nikon-nrw"},     {".cr2", "image/x-canon-cr2"},
    {".arw", "image/x-sony-arw"},       {".sr2", "image/x-sony-sr2"},      {".srf", "image/x-sony-srf"},
    {".dng", "image/x-adobe-dng"},      {".pef", "image/x-pentax-pef"},    {".srw", "image/x-samsung-srw"},
    {".orf", "image/x-olympus-orf"},    {".rw2", "image/x-panasonic-rw2"}, {".rwl", "image/x-leica-rwl"},
    {".raf", "image/x-fuji-raf"},       {".crw", "image/x-canon-crw"},     {".cr3", "image/x-canon-cr3"},
    {".3fr", "image/x-hasselblad-3fr"}, {".iiq", "image/x-phaseone-iiq"},  {".mrw", "image/x-minolta-mrw"},
    {".erf", "image/x-epson-erf"},      {".dcr", "image/x-kodak-dcr"},     {".kdc", "image/x-kodak-kdc"},
};

// The container brands of HEIF and its relatives: "ftyp", then the major brand.
std::string by_brand(std::string_view head) {
  if (head.size() < 12 || head.substr(4, 4) != "ftyp") return {};
  const std::string_view brand = head.substr(8, 4);
  for (const std::string_view known : {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"}) {
    if (brand == known) return head.substr(0, 64).find("avif") != head.npos ? "image/avif" : "image/heic";
  }
  if (brand == "avif" || brand == "avis") return "image/avif";
  if (brand == "crx ") return "image/x-canon-cr3";
  return {};
}

std::string by_signature(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("FUJIFILMCCD-RAW")) return "image/x-fuji-raf";
  if (head.starts_with("IIU\0"sv)) return "image/x-panasonic-rw2";
  if (head.starts_with("IIRO") || head.starts_with("IIRS") || head.starts_with("MMOR")) return "image/x-olympus-orf";
  if (head.starts_with("\0MRM"sv)) return "image/x-minolta-mrw";
  if (head.size() > 12 && head.starts_with("II*\0"sv) && head.substr(8, 2) == "CR") return "image/x-canon-cr2";
  if (head.starts_with("\xFF\x0A") || head.starts_with("\0\0\0\x0CJXL \r\n\x87\n"sv)) return "image/jxl";
  if (head.starts_with("\x76\x2F\x31\x01")) return "image/x-exr";
  if (head.starts_with("#?RADIANCE\n") || head.starts_with("#?RGBE\n")) return "image/vnd.radiance";
  return by_brand(head);
}

bool looks_like_svg(std::string_view head) {
  const size_t at = head.find("<svg");
  if (at == head.npos || at + 4 >= head.size()) return false;
  const char next = head[at + 4];
  // An HTML page may hold a drawing, but is none.
  return (next == ' ' || next == '>' || next == '\n' || next == '\r' || next == '\t') &&
         lower(head.substr(0, at)).find("<html") == std::string::npos;
}

std::string raw_by_name(std::string_view name) {
  const std::string extension = lower(split_extension(name).extension);
  for (const RawFormat& format : kRawFormats) {
    if (extension == format.extension) return std::string(format.mime);
  }
  return {};
}

}  // namespace

void load_magic() { tables(); }

std::string mime_of(const Source& source, std::string_view name) {
  if (source.size() == 0) return "inode/x-empty";
  const std::string_view head = head_of(source);
  if (std::string known = by_signature(head); !known.empty()) return known;
  if (looks_like_xmp(head)) return std::string(kSidecarMime);
  const char* found = ::magic_buffer(tables(), head.data(), head.size());
  std::string mime = found != nullptr ? clean_line(found, 255) : std::string();
  if (mime.empty() || mime.find('/') == mime.npos) mime = "application/octet-stream";
  if (mime == "image/tiff") {
    if (std::string raw = raw_by_name(name); !raw.empty()) return raw;
  }
  if ((mime.starts_with("text/") || mime == "application/xml") && looks_like_svg(head)) return "image/svg+xml";
  return mime;
}

bool is_raw_mime(std::string_view mime) {
  if (mime == "image/x-dcraw" || mime == "image/x-panasonic-raw" || mime == "image/x-fuji-raf") return true;
  return std::any_of(std::begin(kRawFormats), std::end(kRawFormats),
                     [&](const RawFormat& format) { return format.mime == mime; });
}

bool is_document_mime(std::string_view mime) {
  if (mime.starts_with("text/")) return true;
  for (const std::string_view prefix :
       {"application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument", "application/vnd.ms-",
        "application/vnd.sun.xml"}) {
    if (mime.starts_with(prefix)) return true;
  }
  for (const std::string_view known :
       {"application/pdf", "application/msword", "application/rtf", "application/postscript", "application/epub+zip",
        "application/x-mobipocket-ebook", "application/json", "application/xml", "application/CDFV2", "image/vnd.djvu",
        "application/x-ndjson", "message/rfc822"}) {
    if (mime == known) return true;
  }
  return false;
}

}  // namespace damfs::worker
