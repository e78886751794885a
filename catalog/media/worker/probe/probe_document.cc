// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <string>

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {
namespace {

std::string text_field(VipsImage* image, const char* name) {
  const char* text = nullptr;
  if (vips_image_get_typeof(image, name) == 0 || vips_image_get_string(image, name, &text) != 0) {
    vips_error_clear();
    return {};
  }
  return text;
}

}  // namespace

void probe_pages(const Source& source, MediaFacts& facts) {
  const Bytes document = document_bytes(source);
  const ImageSource bytes = image_source(document);
  const Image image = open_image(document, bytes.get());
  facts.pages = vips_image_get_n_pages(image.get());
  facts.raster = raster_of(image.get());
  if (*facts.raster) facts.still = drawing_raster(image.get());
  const Xmp xmp = Xmp::parse(text_field(image.get(), "pdf-metadata"));
  if (!xmp.empty()) add_what_xmp_says(xmp, facts);
  const auto or_else = [&](std::string& words, const char* field) {
    if (words.empty()) words = clean_line(text_field(image.get(), field), FactLimits::kSentence);
  };
  or_else(facts.title, "pdf-title");
  or_else(facts.description, "pdf-subject");
}

}  // namespace damfs::worker
