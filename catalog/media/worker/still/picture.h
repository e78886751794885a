// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "catalog/media/job.h"
#include "catalog/media/worker/source.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// What stills are made of, open for one job. Whether a raster is the first or the tenth that is asked for changes
// nothing about its pixels, only how much is decoded again.
class Picture {
 public:
  Picture() = default;
  virtual ~Picture() = default;
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  // Of exactly those pixels if it is what was catalogued: upright, 8-bit sRGB with or without alpha, in memory.
  // Throws Error with a reason for people.
  virtual Image at(Raster target) = 0;
};
using PictureRef = std::unique_ptr<Picture>;

// Whether more than one raster will be asked for, so that a decoded picture is worth its memory.
enum class Reuse : bool { kNo, kYes };

// The one for that request: by its kind and MIME type. Everything given must outlive it.
PictureRef open_picture(const Source& source, const StillRequest& request, Reuse reuse);

// The kinds. An `orientation` that is given (Exif 1..8) goes before the picture's own.
PictureRef image_picture(Bytes bytes, std::optional<int> orientation, Reuse reuse);  // what libvips reads
PictureRef exr_picture(Bytes bytes);
PictureRef psd_picture(Bytes bytes);                           // Photoshop, PSD and PSB
PictureRef codec_picture(Bytes bytes, std::string_view mime);  // what libavcodec reads, of one frame
PictureRef raw_picture(const Source& source, Reuse reuse);
PictureRef video_picture(const Source& source, int64_t seek_us);
PictureRef audio_picture(const Source& source, Reuse reuse);

// Upright rasters of what those show, for the probe. Throw Error.
struct RawPreview {
  std::vector<uint8_t> bytes;  // a JPEG or TIFF; empty: the sensor's own picture, which is developed
  Raster raster;               // as stored; of the sensor's upright
  int orientation = 1;         // what the camera says of the shot; embedded previews lie as the sensor does
};
// The largest embedded one, or where that is small the sensor's. Empty: neither can be had.
std::optional<RawPreview> raw_preview(const Source& source);
Raster exr_raster(Bytes bytes);
Raster psd_raster(Bytes bytes);
Raster codec_raster(Bytes bytes, std::string_view mime);

// Their numbers as they are stored, for pictures that are data. Throw Error.
Image exr_light(Bytes bytes,
                Raster target);  // three or four floats a pixel, of no less than twice the target if it can
Image psd_flattened(Bytes bytes);
Image codec_decoded(Bytes bytes, std::string_view mime);

}  // namespace damfs::worker
