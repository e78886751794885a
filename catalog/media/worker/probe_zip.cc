// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <string>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/text.h"
#include "catalog/media/worker/zip_archive.h"

namespace damfs::worker {
namespace {

bool is_image_name(std::string_view extension) {
  for (const std::string_view known :
       {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".tga", ".webp", ".bmp", ".hdr", ".psd", ".jp2"}) {
    if (extension == known) return true;
  }
  return false;
}

// The words that texture authors name their maps with.
bool is_map_word(std::string_view word) {
  for (const std::string_view known : {"albedo",    "basecolor",  "basecolour",   "diffuse",  "diff",
                                       "color",     "colour",     "col",          "normal",   "normals",
                                       "nrm",       "nor",        "normalgl",     "normaldx", "roughness",
                                       "rough",     "metallic",   "metalness",    "ao",       "ambientocclusion",
                                       "occlusion", "height",     "displacement", "disp",     "bump",
                                       "opacity",   "emissive",   "emission",     "specular", "spec",
                                       "gloss",     "glossiness", "orm",          "arm"}) {
    if (word == known) return true;
  }
  return false;
}

// "wood_floor_Base-Color_2k" → wood floor base color 2k; "Base Color" counts through either of its words.
bool names_a_map(std::string_view stem) {
  const std::string text = lower(stem);
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find_first_of("_-. ()[]+", begin), text.size());
    if (is_map_word(std::string_view(text).substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

bool is_map(std::string_view path) {
  const size_t slash = path.rfind('/');
  const auto [stem, extension] = split_extension(slash == path.npos ? path : path.substr(slash + 1));
  return is_image_name(lower(extension)) && names_a_map(stem);
}

}  // namespace

void probe_zip(const Source& source, MediaFacts& facts) {
  ZipArchive archive(source.bytes());
  facts.is_archive = true;
  for (size_t i = 0; i < std::min(archive.size(), kMaxMembers); ++i) {
    const auto path = archive.path(i);
    if (path && is_map(*path)) {
      facts.kind = Kind::kTexturePack;
      return;
    }
  }
}

void probe_self_extracting(const Source& source, MediaFacts& facts) {
  if (!ends_like_an_archive(source.bytes())) return;
  try {
    probe_zip(source, facts);
  } catch (const Error&) {
    // It only looked like one.
  }
}

}  // namespace damfs::worker
