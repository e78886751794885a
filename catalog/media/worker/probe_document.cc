// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/mime.h"
#include "catalog/media/worker/probe.h"
#include "catalog/media/worker/vips_image.h"

namespace damfs::worker {

void probe_pages(const Source& source, MediaFacts& facts) {
  const Bytes document = document_bytes(source);
  const ImageSource bytes = image_source(document);
  const Image image = open_image(document, bytes.get());
  facts.pages = vips_image_get_n_pages(image.get());
  facts.raster = raster_of(image.get());
  if (*facts.raster) facts.still = drawing_raster(image.get());
}

}  // namespace damfs::worker
