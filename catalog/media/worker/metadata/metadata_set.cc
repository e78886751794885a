// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <utility>

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/boxes.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/packet.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {

std::string exif_text(const Exiv2::ExifData& exif, const char* key) {
  try {
    const auto it = exif.findKey(Exiv2::ExifKey(key));
    return it == exif.end() ? std::string() : clean_text(it->toString(), FactLimits::kDescription);
  } catch (const std::exception&) {
    return {};
  }
}

std::string iptc_text(const Exiv2::IptcData& iptc, const char* key) {
  try {
    const auto it = iptc.findKey(Exiv2::IptcKey(key));
    return it == iptc.end() ? std::string() : clean_text(it->toString(), FactLimits::kDescription);
  } catch (const std::exception&) {
    return {};
  }
}

std::string windows_text(const Exiv2::ExifData& exif, const char* key) {
  try {
    const auto it = exif.findKey(Exiv2::ExifKey(key));
    return it == exif.end() ? std::string() : clean_text(it->print(&exif), FactLimits::kDescription);
  } catch (const std::exception&) {
    return {};
  }
}

std::string first_of(std::initializer_list<std::string> candidates) {
  for (const std::string& text : candidates) {
    if (!text.empty()) return text;
  }
  return {};
}

namespace {

const Exiv2::byte* bytes_of(std::string_view text) { return reinterpret_cast<const Exiv2::byte*>(text.data()); }

void decode_exif(std::string_view tiff, Exiv2::ExifData& exif) {
  if (tiff.starts_with(std::string_view("Exif\0\0", 6))) tiff.remove_prefix(6);
  if (tiff.empty()) return;
  try {
    Exiv2::ExifParser::decode(exif, bytes_of(tiff), static_cast<uint32_t>(tiff.size()));
  } catch (const std::exception&) {
    exif.clear();
  }
}

void decode_iptc(std::string_view block, Exiv2::IptcData& iptc) {
  if (block.empty()) return;
  try {
    Exiv2::IptcParser::decode(iptc, bytes_of(block), static_cast<uint32_t>(block.size()));
  } catch (const std::exception&) {
    iptc.clear();
  }
}

std::string_view letters(const Source& source) {
  return {reinterpret_cast<const char*>(source.bytes().data()), source.bytes().size()};
}

// The packet as it stands in the file: what exiv2 makes of one is nothing where a single property is bad.
std::string packet_of(const Exiv2::Image& image) {
  if (!image.xmpPacket().empty()) return image.xmpPacket();
  const auto& exif = image.exifData();
  const auto it = exif.findKey(Exiv2::ExifKey("Exif.Image.XMLPacket"));
  if (it != exif.end() && it->size() > 0) {
    std::string packet(static_cast<size_t>(it->size()), '\0');
    it->copy(reinterpret_cast<Exiv2::byte*>(packet.data()), Exiv2::littleEndian);
    return packet;
  }
  std::string packet;
  if (!image.xmpData().empty()) Exiv2::XmpParser::encode(packet, image.xmpData());
  return packet;
}

}  // namespace

MetadataSet read_metadata(const Source& source, const MetadataBlocks& blocks, Raster& raster) {
  MetadataSet set;
  std::string packet;
  try {
    const auto bytes = source.bytes();
    const auto image = Exiv2::ImageFactory::open(bytes.data(), static_cast<long>(bytes.size()));
    image->readMetadata();
    set.exif = image->exifData();
    set.iptc = image->iptcData();
    raster = {static_cast<int64_t>(image->pixelWidth()), static_cast<int64_t>(image->pixelHeight())};
    packet = packet_of(*image);
  } catch (const std::exception&) {
    // Not a container exiv2 opens, or a damaged one: libvips may still have found the blocks.
  }
  if (set.exif.empty()) decode_exif(blocks.exif, set.exif);
  if (set.exif.empty()) decode_exif(exif_of_jxl(letters(source)), set.exif);
  if (set.iptc.empty()) decode_iptc(blocks.iptc, set.iptc);
  if (packet.empty()) packet = blocks.xmp;
  if (packet.empty()) packet = packet_in(source.bytes());
  if (!packet.empty()) set.xmp = Xmp::parse(packet);
  for (const std::string& more : more_packets_in_jpeg(source.bytes())) set.xmp.add(Xmp::parse(more));
  return set;
}

}  // namespace damfs::worker
