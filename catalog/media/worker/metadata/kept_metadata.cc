// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

bool is_bulky(const Exiv2::Metadatum& datum) {
  const std::string key = datum.key();
  if (datum.size() > 4096) return true;
  if (datum.typeId() == Exiv2::undefined && datum.size() > 64) return true;
  for (const std::string_view part : {"MakerNote", "Thumbnail", "Preview", ".0x", "JPEGInterchangeFormat",
                                      "StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts"}) {
    if (key.find(part) != key.npos) return true;
  }
  return false;
}

template <typename Data, typename Print>
void keep_data(const char* name, const Data& data, Print print, MediaFacts& facts) {
  MetadataObject object;
  for (const auto& datum : data) {
    try {
      if (!is_bulky(datum)) object.add(datum.key(), print(datum));
    } catch (const std::exception&) {
      continue;  // one value that cannot be printed
    }
  }
  if (!object.empty()) facts.metadata[name] = object.dump();
}

constexpr size_t kLongestValue = 4096;
constexpr size_t kMostValues = 4096;  // of the nodes of one packet

// "Xmp.dc.subject": "sun, sea"; "Xmp.mwg-rs.Regions/mwg-rs:RegionList[1]/mwg-rs:Name": "Anna".
void keep_node(const std::string& key, const XmpNode& node, size_t& values, MetadataObject& object) {
  if (++values > kMostValues || key.size() > FactLimits::kName) return;
  if (!node.is_list) {
    if (node.text.size() <= kLongestValue) object.add(key, node.text);
    for (const XmpNode& field : node.children) keep_node(key + '/' + field.name, field, values, object);
    return;
  }
  std::string line;
  size_t number = 0;
  for (const XmpNode& item : node.children) {
    ++number;
    if (item.text.empty()) {
      keep_node(key + '[' + std::to_string(number) + ']', item, values, object);
      continue;
    }
    if (!line.empty()) line += ", ";
    if (!item.lang.empty()) line += "lang=\"" + item.lang + "\" ";
    line += item.text;
  }
  if (line.size() <= kLongestValue) object.add(key, line);
}

void keep_xmp(const Xmp& xmp, MediaFacts& facts) {
  MetadataObject object;
  size_t values = 0;
  for (const XmpNode& property : xmp.properties()) {
    const size_t colon = property.name.find(':');
    keep_node("Xmp." + property.name.substr(0, colon) + '.' + property.name.substr(colon + 1), property, values,
              object);
  }
  if (!object.empty()) facts.metadata["xmp"] = object.dump();
}

}  // namespace

void keep_metadata(const MetadataSet& set, MediaFacts& facts) {
  keep_data(
      "exif", set.exif, [&](const Exiv2::Exifdatum& datum) { return datum.print(&set.exif); }, facts);
  keep_data(
      "iptc", set.iptc, [](const Exiv2::Iptcdatum& datum) { return datum.print(); }, facts);
  keep_xmp(set.xmp, facts);
}

}  // namespace damfs::worker
