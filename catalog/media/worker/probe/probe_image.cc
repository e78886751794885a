// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cerrno>
#include <string>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/media_types.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/still/picture.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {
namespace {

std::string block(VipsImage* image, const char* name) {
  if (vips_image_get_typeof(image, name) == 0) return {};
  const void* data = nullptr;
  size_t size = 0;
  if (vips_image_get_blob(image, name, &data, &size) != 0) {
    vips_error_clear();
    return {};
  }
  return {static_cast<const char*>(data), size};
}

bool is_sane(Raster raster) {
  return raster && raster.width <= FactLimits::kEdge && raster.height <= FactLimits::kEdge;
}

Raster still_of(VipsImage* image, Bytes bytes) {
  const Raster raster = raster_of(image);
  if (!is_sane(raster)) fail(EINVAL, "the picture says it has {} by {} pixels", raster.width, raster.height);
  return is_drawing(image) ? drawing_raster(image) : upright(raster, orientation_of(image, bytes));
}

}  // namespace

void probe_image(const Source& source, MediaFacts& facts) {
  MetadataBlocks blocks;
  std::string problem;
  try {
    const ImageSource bytes = image_source(source.bytes());
    const Image image = open_image(source.bytes(), bytes.get());
    facts.raster = raster_of(image.get());
    facts.orientation = orientation_of(image.get(), source.bytes());
    facts.still = still_of(image.get(), source.bytes());
    facts.pages = vips_image_get_n_pages(image.get());
    blocks = {block(image.get(), VIPS_META_EXIF_NAME), block(image.get(), VIPS_META_IPTC_NAME),
              block(image.get(), VIPS_META_XMP_NAME)};
  } catch (const Error& error) {
    problem = error.what();
  }
  probe_metadata(source, blocks, facts);
  if (!problem.empty()) fail(EINVAL, "{}", problem);
  if (facts.pages <= 1) facts.pages = 0;
}

std::optional<PictureFacts> picture_facts(const Source& source, std::string_view name) {
  PictureFacts facts{mime_of(source, name), {}};
  try {
    const MediaType& type = media_type(facts.mime);
    if (type.prober == Prober::kFlat) {
      facts.still = flat_raster(type.still, source, facts.mime);
    } else if (type.prober == Prober::kPicture) {
      const ImageSource bytes = image_source(source.bytes());
      facts.still = still_of(open_image(source.bytes(), bytes.get()).get(), source.bytes());
    }
  } catch (const Error&) {
    return std::nullopt;
  }
  return is_sane(facts.still) ? std::optional(std::move(facts)) : std::nullopt;
}

void probe_raw(const Source& source, MediaFacts& facts) {
  const Raster raster = probe_metadata(source, {}, facts);
  if (is_sane(raster)) facts.raster = raster;
  const auto preview = raw_preview(source);
  if (!preview && facts.metadata.empty()) fail(EINVAL, "the camera's raw file has no readable metadata");
  if (!preview || !is_sane(preview->raster)) return;
  facts.orientation = preview->orientation;
  facts.still = preview->bytes.empty() ? preview->raster : upright(preview->raster, preview->orientation);
}

void probe_told(const Source& source, MediaFacts& facts) { probe_metadata(source, {}, facts); }

Raster flat_raster(StillMaker maker, const Source& source, std::string_view mime) {
  switch (maker) {
    case StillMaker::kExr: return exr_raster(source.bytes());
    case StillMaker::kPhotoshop: return psd_raster(source.bytes());
    case StillMaker::kCodec: return codec_raster(source.bytes(), mime);
    case StillMaker::kNone:
    case StillMaker::kPicture:
    case StillMaker::kPages:
    case StillMaker::kRaw: break;  // whose raster others tell
  }
  fail(EINVAL, "nothing tells the size of {}", mime);
}

void probe_flat_image(const Source& source, Raster raster, MediaFacts& facts) {
  probe_metadata(source, {}, facts);
  if (!is_sane(raster)) fail(EINVAL, "the picture says it has {} by {} pixels", raster.width, raster.height);
  facts.raster = facts.still = raster;
}

}  // namespace damfs::worker
