// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/vips_image.h"

namespace damfs::worker {

void probe_document(const Source& source, MediaFacts& facts) {
  if (facts.mime == "application/pdf") {
    const ImageSource bytes = image_source(source.bytes());
    const Image image = open_image(source.bytes(), bytes.get());
    facts.pages = vips_image_get_n_pages(image.get());
    facts.raster = raster_of(image.get());
    if (*facts.raster) facts.still = drawing_raster(image.get());
  }
  facts.kind = Kind::kDocument;
}

}  // namespace damfs::worker
