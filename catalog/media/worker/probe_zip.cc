// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/text.h"

namespace damfs::worker {
namespace {

constexpr zip_int64_t kMaxMembers = 200'000;

struct ZipDiscarder {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Zip = std::unique_ptr<zip_t, ZipDiscarder>;

Zip open_zip(const Source& source) {
  UniqueFd own(::dup(source.fd()));
  if (!own) throw_errno(errno, "cannot read the archive");
  if (::lseek(own.get(), 0, SEEK_SET) != 0) throw_errno(errno, "cannot read the archive");
  int code = 0;
  Zip archive(zip_fdopen(own.get(), 0, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail(EINVAL, "the archive is damaged: {}", reason);
  }
  own.release();  // the archive's now
  return archive;
}

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
  const Zip archive = open_zip(source);
  const zip_int64_t count = std::min(zip_get_num_entries(archive.get(), 0), kMaxMembers);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* path = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_GUESS);
    if (path != nullptr && is_map(path)) {
      facts.kind = Kind::kTexturePack;
      return;
    }
  }
}

}  // namespace damfs::worker
