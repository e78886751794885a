// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/media_types.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "catalog/base/names.h"

namespace damfs {
namespace {

constexpr MediaType raw(std::string_view mime, Extensions extensions) {
  return {mime, extensions, Kind::kImage, Prober::kRaw, StillMaker::kRaw};
}
constexpr MediaType raw(std::string_view mime, std::string_view shown) { return raw(mime, {{}, shown, {}}); }
constexpr MediaType picture(std::string_view mime, Extensions extensions, std::string_view decoder = {}) {
  return {mime, extensions, Kind::kImage, Prober::kPicture, StillMaker::kPicture, {}, decoder};
}
constexpr MediaType coded(std::string_view mime, std::string_view decoder, Extensions extensions) {
  return {mime, extensions, Kind::kImage, Prober::kFlat, StillMaker::kCodec, {}, decoder};
}
constexpr MediaType recording(std::string_view mime, std::string_view demuxers = {}, std::string_view shown = {}) {
  const Kind kind = mime.substr(0, 6) == "audio/" ? Kind::kAudio : Kind::kVideo;
  return {mime, {{}, shown, {}}, kind, Prober::kRecording, StillMaker::kNone, demuxers};
}
constexpr MediaType stream(std::string_view mime, std::string_view demuxers, std::string_view shown) {
  MediaType type = recording(mime, demuxers, shown);
  type.needs_index = true;
  return type;
}
constexpr MediaType document(std::string_view mime) {
  return {mime, {}, Kind::kDocument, Prober::kDocument, StillMaker::kNone};
}
constexpr MediaType program(std::string_view mime) {
  return {mime, {}, Kind::kOther, Prober::kProgram, StillMaker::kNone};
}

constexpr MediaType kTypes[] = {
    // long: a table
    {kSidecarMime, {.others = ".xmp"}, Kind::kOther, Prober::kSidecar, StillMaker::kNone},

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
    raw("image/x-hasselblad-fff", {.others = ".fff"}),
    raw("image/x-mamiya-mef", {.others = ".mef"}),
    raw("image/x-leaf-mos", {.others = ".mos"}),
    raw("image/x-gopro-gpr", {.others = ".gpr"}),
    raw("image/x-dcraw", Extensions{}),
    raw("image/x-panasonic-raw", Extensions{}),

    {"image/x-exr", {.maps = ".exr"}, Kind::kImage, Prober::kFlat, StillMaker::kExr},
    {"image/vnd.adobe.photoshop",
     {.maps = ".psd", .shown = ".psb"},
     Kind::kImage,
     Prober::kFlat,
     StillMaker::kPhotoshop},
    // What libavcodec reads and libvips leaves to programs that are not to be trusted with a stranger's file.
    coded("image/bmp", "bmp", {.maps = ".bmp", .others = ".dib"}),
    coded("image/x-ms-bmp", "bmp", {}),
    coded("image/x-tga", "targa", {.maps = ".tga", .others = ".targa .icb .vda .vst"}),
    coded("image/vnd.ms-dds", "dds", {.maps = ".dds"}),
    coded("image/x-pcx", "pcx", {.shown = ".pcx"}),
    coded("image/vnd.zbrush.pcx", "pcx", {}),
    coded("image/x-sgi", "sgi", {.maps = ".sgi", .others = ".rgb .rgba .bw"}),
    coded("image/x-sun-raster", "sunrast", {.others = ".ras .sun"}),
    coded("image/x-xwindowdump", "xwd", {.others = ".xwd"}),
    coded("image/x-dpx", "dpx", {.others = ".dpx"}),
    coded("image/qoi", "qoi", {.shown = ".qoi"}),
    coded("image/x-portable-arbitrarymap", "pam", {.others = ".pam"}),
    coded("image/vnd.microsoft.icon", {}, {.others = ".ico .cur"}),  // what it holds has a type of its own
    coded("image/x-win-bitmap", {}, {}),
    coded("image/fits", "fits", {.others = ".fits .fit .fts"}),
    coded("image/x-xpixmap", "xpm", {.others = ".xpm"}),
    coded("image/x-xpmi", "xpm", {}),
    {"image/x-exv", {.others = ".exv"}, Kind::kOther, Prober::kMetadata, StillMaker::kNone},
    {"image/x-eps", {.others = ".eps .epsf"}, Kind::kDocument, Prober::kMetadata, StillMaker::kNone},
    {"image/vnd.djvu", {.others = ".djvu .djv"}, Kind::kDocument, Prober::kDocument, StillMaker::kNone},
    picture("image/jpeg", {.maps = ".jpg .jpeg"}),
    picture("image/png", {.maps = ".png"}, "png"),
    picture("image/tiff", {.maps = ".tif .tiff"}),
    picture("image/webp", {.maps = ".webp"}),
    picture("image/jp2", {.maps = ".jp2"}),
    picture("image/vnd.radiance", {.maps = ".hdr"}),
    picture("image/x-portable-floatmap", {.maps = ".pfm"}),
    picture("image/gif", {.shown = ".gif"}),
    picture("image/heic", {.shown = ".heic .heif .hif"}),
    picture("image/avif", {.shown = ".avif"}),
    picture("image/jxl", {.shown = ".jxl"}),
    picture("image/svg+xml", {.shown = ".svg .svgz"}),
    picture("image/*", {}),

    recording("video/mp4", "mov,mp4,m4a,3gp,3g2,mj2", ".mp4 .m4v .f4v .lrv .insv .360"),
    recording("video/quicktime", {}, ".mov .qt"),
    recording("video/3gpp", {}, ".3gp"),
    recording("video/3gpp2", {}, ".3g2"),
    recording("video/x-matroska", "matroska,webm", ".mkv"),
    recording("video/webm", {}, ".webm"),
    recording("video/x-msvideo", "avi", ".avi"),
    recording("video/x-ms-asf", "asf", ".wmv .wma"),
    recording("video/x-flv", "flv", ".flv"),
    recording("video/x-dv", "dv", ".dv"),
    recording("video/h264", "h264"),
    recording("video/h265", "hevc"),
    recording("video/ogg", {}, ".ogv"),
    stream("video/mp2t", "mpegts", ".mts .m2ts .m2t .ts"),
    stream("video/mpeg", "mpeg mpegvideo", ".mpg .mpeg .vob"),
    recording("video/*"),
    recording("audio/aac", "aac", ".aac"),
    recording("audio/ac3", "ac3", ".ac3"),
    recording("audio/eac3", "eac3"),
    recording("audio/x-aiff", "aiff", ".aif .aiff"),
    recording("audio/AMR", "amr", ".amr"),
    recording("audio/x-ape", "ape"),
    recording("audio/basic", "au"),
    recording("audio/x-caf", "caf", ".caf"),
    recording("audio/x-dsf", "dsf"),
    recording("audio/vnd.dts", "dts"),
    recording("audio/flac", "flac", ".flac"),
    recording("audio/mp4", {}, ".m4a"),
    recording("audio/mpeg", "mp3", ".mp3"),
    recording("audio/x-matroska", {}, ".mka"),
    recording("audio/x-tta", "tta"),
    recording("audio/x-w64", "w64"),
    recording("audio/x-wav", "wav", ".wav"),
    recording("audio/x-wavpack", "wv", ".wv"),
    recording("audio/*"),
    recording("application/ogg", "ogg", ".ogg .oga .opus"),
    recording("application/mxf", "mxf", ".mxf"),
    recording("application/x-matroska"),
    recording("application/vnd.rn-realmedia", "rm", ".rm"),
    recording("application/vnd.ms-asf"),
    // Most hold a program and nothing to play: it is one if libavformat finds something.
    {"application/x-shockwave-flash", {}, Kind::kOther, Prober::kNone, StillMaker::kNone, "swf"},

    {"application/pdf", {.shown = ".pdf .ai"}, Kind::kDocument, Prober::kPages, StillMaker::kPages},
    program("text/x-shellscript"),
    document("text/*"),
    document("application/vnd.openxmlformats-officedocument*"),
    document("application/vnd.oasis.opendocument*"),
    document("application/vnd.ms-*"),
    document("application/vnd.sun.xml*"),
    document("application/msword"),
    document("application/rtf"),
    {"application/postscript", {.others = ".ps"}, Kind::kDocument, Prober::kMetadata, StillMaker::kNone},
    document("application/epub+zip"),
    document("application/x-mobipocket-ebook"),
    document("application/json"),
    document("application/x-ndjson"),
    document("application/xml"),
    document("application/CDFV2"),
    document("message/rfc822"),

    {"application/zip", {.others = ".zip"}, Kind::kOther, Prober::kArchive, StillMaker::kNone},
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

// Words between single spaces.
template <typename Visit>
void each_word(std::string_view words, const Visit& visit) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    visit(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

bool lists(std::string_view words, std::string_view word) {
  bool found = false;
  each_word(words, [&](std::string_view each) { found |= each == word; });
  return found;
}

bool lists(const Extensions& extensions, std::string_view extension) {
  return lists(extensions.maps, extension) || lists(extensions.shown, extension) || lists(extensions.others, extension);
}

template <typename Is>
const MediaType* find_type(const Is& is) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), is);
  return found != std::end(kTypes) ? found : nullptr;
}

// What is looked at in archives, and whether it may be a map: archives have very many members.
const std::map<std::string_view, bool>& shown_extensions() {
  static const auto extensions = [] {
    std::map<std::string_view, bool> all;
    for (const MediaType& type : kTypes) {
      each_word(type.extensions.maps, [&](std::string_view extension) { all.emplace(extension, true); });
      each_word(type.extensions.shown, [&](std::string_view extension) { all.emplace(extension, false); });
    }
    return all;
  }();
  return extensions;
}

}  // namespace

std::span<const MediaType> media_types() { return kTypes; }

const MediaType& media_type(std::string_view mime) {
  const MediaType* found = find_type([&](const MediaType& type) { return fits(type.mime, mime); });
  return found != nullptr ? *found : kUnknown;
}

const MediaType* type_by_name(std::string_view name, Prober among) {
  std::string extension(split_extension(name).extension);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (extension.empty()) return nullptr;
  return find_type([&](const MediaType& type) { return type.prober == among && lists(type.extensions, extension); });
}

const MediaType* type_of_demuxer(std::string_view name) {
  return find_type([&](const MediaType& type) { return lists(type.demuxers, name); });
}

bool is_shown_extension(std::string_view extension) { return shown_extensions().contains(extension); }

bool is_map_extension(std::string_view extension) {
  const auto found = shown_extensions().find(extension);
  return found != shown_extensions().end() && found->second;
}

}  // namespace damfs
