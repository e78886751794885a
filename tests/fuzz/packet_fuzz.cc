// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "catalog/media/worker/metadata/avchd_date.h"
#include "catalog/media/worker/metadata/boxes.h"
#include "catalog/media/worker/metadata/packet.h"
#include "catalog/media/worker/metadata/player_words.h"
#include "catalog/media/worker/metadata/xmp.h"

// Whatever the boxes say, a packet is a part of the file, and can be read as far as it goes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs::worker;
  const std::string packet = packet_in({data, size});
  if (packet.size() > (32U << 20)) std::abort();
  const Xmp xmp = Xmp::parse(packet);
  for (const XmpNode& property : xmp.properties()) {
    if (property.name.empty()) std::abort();
  }
  png_words({data, size});
  player_words({data, size});
  more_packets_in_jpeg({data, size});
  exif_of_jxl({reinterpret_cast<const char*>(data), size});
  camcorder_date({data, size});
  avchd_date({data, size});
  return 0;
}
