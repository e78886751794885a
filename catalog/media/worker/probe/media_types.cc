// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/media_types.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "catalog/base/names.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

constexpr MediaType raw(std::string_view mime, std::string_view extensions) {
  return {mime, extensions, Kind::kImage, Prober::kRaw, StillMaker::kRaw};
}
constexpr MediaType picture(std::string_view mime, std::string_view extensions = {}) {
  return {mime, extensions, Kind::kImage, Prober::kPicture, StillMaker::kPicture};
}
constexpr MediaType coded(std::string_view mime, std::string_view extensions) {
  return {mime, extensions, Kind::kImage, Prober::kFlat, StillMaker::kCodec};
}
constexpr MediaType recording(std::string_view mime) {
  const Kind kind = mime.substr(0, 6) == "audio/" ? Kind::kAudio : Kind::kVideo;
  return {mime, {}, kind, Prober::kRecording, StillMaker::kNone};
}
constexpr MediaType document(std::string_view mime) {
  return {mime, {}, Kind::kDocument, Prober::kDocument, StillMaker::kNone};
}
constexpr MediaType program(std::string_view mime) {
  return {mime, {}, Kind::kOther, Prober::kProgram, StillMaker::kNone};
}

constexpr MediaType kTypes[] = {
    // long: a table
    {kSidecarMime, ".xmp", Kind::kOther, Prober::kSidecar, StillMaker::kNone},

    raw("image/x-nikon-nef", ".nef"),
    raw("image/x-nikon-nrw", ".nrw"),
    raw("image/x-canon-cr2", ".cr2"),
    raw("image/x-canon-cr3", ".cr3"),
    raw("image/x-canon-crw", ".crw"),
    raw("image/x-sony-arw", ".arw"),
    raw("image/x-sony-sr2", ".sr2"),
    raw("image/x-sony-srf", ".srf"),
    raw("image/x-adobe-dng", ".dng"),
    raw("image/x-pentax-pef", ".pef"),
    raw("image/x-samsung-srw", ".srw"),
    raw("image/x-olympus-orf", ".orf"),
    raw("image/x-panasonic-rw2", ".rw2"),
    raw("image/x-leica-rwl", ".rwl"),
    raw("image/x-fuji-raf", ".raf"),
    raw("image/x-hasselblad-3fr", ".3fr"),
    raw("image/x-phaseone-iiq", ".iiq"),
    raw("image/x-minolta-mrw", ".mrw"),
    raw("image/x-epson-erf", ".erf"),
    raw("image/x-kodak-dcr", ".dcr"),
    raw("image/x-kodak-kdc", ".kdc"),
    raw("image/x-hasselblad-fff", ".fff"),
    raw("image/x-mamiya-mef", ".mef"),
    raw("image/x-leaf-mos", ".mos"),
    raw("image/x-gopro-gpr", ".gpr"),
    raw("image/x-dcraw", {}),
    raw("image/x-panasonic-raw", {}),

    {"image/x-exr", ".exr", Kind::kImage, Prober::kFlat, StillMaker::kExr},
    {"image/vnd.adobe.photoshop", ".psd .psb", Kind::kImage, Prober::kFlat, StillMaker::kPhotoshop},
    // What libavcodec reads and libvips leaves to programs that are not to be trusted with a stranger's file.
    coded("image/bmp", ".bmp .dib"),
    coded("image/x-ms-bmp", {}),
    coded("image/x-tga", ".tga .targa .icb .vda .vst"),
    coded("image/vnd.ms-dds", ".dds"),
    coded("image/x-pcx", ".pcx"),
    coded("image/vnd.zbrush.pcx", {}),
    coded("image/x-sgi", ".sgi .rgb .rgba .bw"),
    coded("image/x-sun-raster", ".ras .sun"),
    coded("image/x-xwindowdump", ".xwd"),
    coded("image/x-dpx", ".dpx"),
    coded("image/qoi", ".qoi"),
    coded("image/x-portable-arbitrarymap", ".pam"),
    coded("image/vnd.microsoft.icon", ".ico .cur"),
    coded("image/x-win-bitmap", {}),
    coded("image/fits", ".fits .fit .fts"),
    coded("image/x-xpixmap", ".xpm"),
    coded("image/x-xpmi", {}),
    {"image/x-exv", ".exv", Kind::kOther, Prober::kMetadata, StillMaker::kNone},
    {"image/x-eps", ".eps .epsf", Kind::kDocument, Prober::kMetadata, StillMaker::kNone},
    {"image/vnd.djvu", ".djvu .djv", Kind::kDocument, Prober::kDocument, StillMaker::kNone},
    picture("image/svg+xml", ".svg .svgz"),
    picture("image/*"),

    recording("video/*"),
    recording("audio/*"),
    recording("application/ogg"),
    recording("application/mxf"),
    recording("application/x-matroska"),
    recording("application/vnd.rn-realmedia"),
    recording("application/vnd.ms-asf"),

    {"application/pdf", ".pdf .ai", Kind::kDocument, Prober::kPages, StillMaker::kPages},
    program("text/x-shellscript"),
    document("text/*"),
    document("application/vnd.openxmlformats-officedocument*"),
    document("application/vnd.oasis.opendocument*"),
    document("application/vnd.ms-*"),
    document("application/vnd.sun.xml*"),
    document("application/msword"),
    document("application/rtf"),
    {"application/postscript", ".ps", Kind::kDocument, Prober::kMetadata, StillMaker::kNone},
    document("application/epub+zip"),
    document("application/x-mobipocket-ebook"),
    document("application/json"),
    document("application/x-ndjson"),
    document("application/xml"),
    document("application/CDFV2"),
    document("message/rfc822"),

    {"application/zip", ".zip", Kind::kOther, Prober::kArchive, StillMaker::kNone},
    // Also what nothing has a name for: an archive may stand behind anything.
    program("application/octet-stream"),
    program("application/x-dosexec"),
    program("application/vnd.microsoft.portable-executable"),
    program("application/x-executable"),
    program("application/x-pie-executable"),
    program("application/x-mach-binary"),
};

constexpr MediaType kUnknown = {"*", {}, Kind::kOther, Prober::kNone, StillMaker::kNone};

bool fits(std::string_view pattern, std::string_view mime) {
  return pattern.back() == '*' ? mime.starts_with(pattern.substr(0, pattern.size() - 1)) : mime == pattern;
}

bool lists(std::string_view extensions, std::string_view extension) {
  while (!extensions.empty()) {
    const size_t end = std::min(extensions.find(' '), extensions.size());
    if (extensions.substr(0, end) == extension) return true;
    extensions.remove_prefix(std::min(end + 1, extensions.size()));
  }
  return false;
}

}  // namespace

std::span<const MediaType> media_types() { return kTypes; }

const MediaType& media_type(std::string_view mime) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const MediaType& type) { return fits(type.mime, mime); });
  return found != std::end(kTypes) ? *found : kUnknown;
}

const MediaType* type_by_name(std::string_view name, Prober among) {
  const std::string extension = lower(split_extension(name).extension);
  if (extension.empty()) return nullptr;
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const MediaType& type) {
    return type.prober == among && lists(type.extensions, extension);
  });
  return found != std::end(kTypes) ? found : nullptr;
}

}  // namespace damfs::worker
