// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/xmp_names.h"

namespace damfs::worker {
namespace {

// Without the '/' or '#' at their ends, which programs forget.
struct KnownNamespace {
  std::string_view name, prefix;
};
constexpr KnownNamespace kNamespaces[] = {
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns", "rdf"},
    {"http://www.w3.org/XML/1998/namespace", "xml"},
    {"adobe:ns:meta", "x"},
    {"http://purl.org/dc/elements/1.1", "dc"},
    {"http://purl.org/dc/1.1", "dc"},
    {"http://ns.adobe.com/xap/1.0", "xmp"},
    {"http://ns.adobe.com/xmp/1.0", "xmp"},
    {"http://ns.adobe.com/xap/1.0/rights", "xmpRights"},
    {"http://ns.adobe.com/xap/1.0/mm", "xmpMM"},
    {"http://ns.adobe.com/xap/1.0/bj", "xmpBJ"},
    {"http://ns.adobe.com/xmp/1.0/DynamicMedia", "xmpDM"},
    {"http://ns.adobe.com/xmp/sType/Area", "stArea"},
    {"http://ns.adobe.com/xap/1.0/sType/Dimensions", "stDim"},
    {"http://ns.adobe.com/photoshop/1.0", "photoshop"},
    {"http://ns.adobe.com/exif/1.0", "exif"},
    {"http://ns.adobe.com/exif/1.0/aux", "aux"},
    {"http://cipa.jp/exif/1.0", "exifEX"},
    {"http://ns.adobe.com/tiff/1.0", "tiff"},
    {"http://ns.adobe.com/lightroom/1.0", "lr"},
    {"http://ns.adobe.com/camera-raw-settings/1.0", "crs"},
    {"http://ns.adobe.com/pdf/1.3", "pdf"},
    {"http://ns.adobe.com/png/1.0", "png"},
    {"http://www.digikam.org/ns/1.0", "digiKam"},
    {"http://www.digikam.org/ns/kipi/1.0", "kipi"},
    {"http://darktable.sf.net", "darktable"},
    {"http://ns.microsoft.com/photo/1.0", "MicrosoftPhoto"},
    {"http://ns.microsoft.com/photo/1.2", "MP"},
    {"http://ns.microsoft.com/photo/1.2/t/RegionInfo", "MPRI"},
    {"http://ns.microsoft.com/photo/1.2/t/Region", "MPReg"},
    {"http://ns.acdsee.com/iptc/1.0", "acdsee"},
    {"http://ns.acdsee.com/regions", "acdsee-rs"},
    {"http://ns.iview-multimedia.com/mediapro/1.0", "mediapro"},
    {"http://ns.microsoft.com/expressionmedia/1.0", "expressionmedia"},
    {"http://www.metadataworkinggroup.com/schemas/regions", "mwg-rs"},
    {"http://www.metadataworkinggroup.com/schemas/keywords", "mwg-kw"},
    {"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns", "Iptc4xmpCore"},
    {"http://iptc.org/std/Iptc4xmpExt/2008-02-29", "Iptc4xmpExt"},
    {"http://iptc.org/std/Iptc4xmpExt/2008-02-19", "Iptc4xmpExt"},
    {"http://ns.google.com/photos/1.0/panorama", "GPano"},
    {"http://ns.google.com/photos/1.0/camera", "GCamera"},
    {"http://ns.useplus.org/ldf/xmp/1.0", "plus"},
};

}  // namespace

std::string_view usual_prefix(std::string_view name_space) {
  while (name_space.ends_with('/') || name_space.ends_with('#')) name_space.remove_suffix(1);
  for (const KnownNamespace& known : kNamespaces) {
    if (known.name == name_space) return known.prefix;
  }
  return {};
}

}  // namespace damfs::worker
