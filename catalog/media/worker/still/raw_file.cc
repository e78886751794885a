// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/raw_file.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include "catalog/base/error.h"

namespace damfs::worker {
namespace {

void need_raw(int error) {
  if (error == LIBRAW_UNSUFFICIENT_MEMORY) throw std::bad_alloc();
  if (error != LIBRAW_SUCCESS) fail(EINVAL, "the camera's raw file cannot be developed: {}", libraw_strerror(error));
}

struct MadeCloser {
  void operator()(libraw_processed_image_t* made) const { libraw_dcraw_clear_mem(made); }
};
using Made = std::unique_ptr<libraw_processed_image_t, MadeCloser>;

}  // namespace

void RawFile::Closer::operator()(libraw_data_t* raw) const { libraw_close(raw); }

RawFile::RawFile(Bytes bytes) : raw_(libraw_init(0)) {
  if (!raw_) throw std::bad_alloc();
  // Four pixels of the sensor make one: nothing has to be guessed, and it is larger than any preview.
  raw_->params.half_size = 1;
  raw_->params.use_camera_wb = 1;
  raw_->params.output_bps = 8;
  need_raw(libraw_open_buffer(raw_.get(), const_cast<uint8_t*>(bytes.data()), bytes.size()));
}

Raster RawFile::raster() const {
  const libraw_image_sizes_t& sizes = raw_->sizes;
  const Raster lying{(sizes.width + 1) / 2, (sizes.height + 1) / 2};
  return (sizes.flip & 4) != 0 ? Raster{lying.height, lying.width} : lying;
}

int RawFile::orientation() const {
  switch (raw_->sizes.flip) {
    case 3: return 3;
    case 5: return 8;
    case 6: return 6;
    default: return 1;
  }
}

std::vector<uint8_t> RawFile::thumbnail() {
  if (libraw_unpack_thumb(raw_.get()) != LIBRAW_SUCCESS || raw_->thumbnail.tformat != LIBRAW_THUMBNAIL_JPEG) return {};
  const auto* begin = reinterpret_cast<const uint8_t*>(raw_->thumbnail.thumb);
  return {begin, begin + raw_->thumbnail.tlength};
}

Image RawFile::developed() {
  need_raw(libraw_unpack(raw_.get()));
  need_raw(libraw_dcraw_process(raw_.get()));
  int error = LIBRAW_SUCCESS;
  const Made made(libraw_dcraw_make_mem_image(raw_.get(), &error));
  need_raw(error);
  if (!made || made->type != LIBRAW_IMAGE_BITMAP || made->bits != 8 || (made->colors != 3 && made->colors != 1)) {
    fail(EINVAL, "the camera's raw file gives no picture");
  }
  Image image(vips_image_new_from_memory_copy(made->data, made->data_size, made->width, made->height, made->colors,
                                              VIPS_FORMAT_UCHAR));
  if (!image) damaged_picture();
  image->Type = made->colors == 3 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_B_W;
  return image;
}

}  // namespace damfs::worker
