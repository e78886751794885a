// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/clock.h"

namespace damfs {

// Photo programs keep what is said of a file in an XMP file beside it: "x.jpg.xmp" is of x.jpg alone, "x.xmp" of
// whatever is called x.
struct SidecarWords {
  std::optional<int64_t> rating;  // -1 (rejected), 1 to 5
  std::string title, description;
  std::vector<std::string> tags;  // paths, '/' between their parts (names.h: tag_part)
  std::optional<CaptureTime> captured{};
  std::string only_for{};  // the one extension that it applies to, where it names one
  friend bool operator==(const SidecarWords&, const SidecarWords&) = default;
};

// The numbers are stored in catalogs: never renumber.
enum class SidecarForm : uint8_t { kWholeName = 0, kStem = 1, kEmbedded = 2 /* what the file says itself */ };

bool is_sidecar_name(std::string_view name);

struct SidecarName {
  std::string name;
  SidecarForm form;
};
// What the sidecars of a file may be called, best first. Cards that know one case only show it in either.
std::vector<SidecarName> sidecars_of(std::string_view original);
// Whether a sidecar with a name of that form applies to the file: one that is named after the stem may be for another
// extension alone.
bool applies_to(const SidecarWords& words, SidecarForm form, std::string_view original);
// What a sidecar's stem may be called in the name of its file.
std::vector<std::string> spellings_of(std::string_view stem);

// As it is stored: JSON. What is malformed says nothing.
std::string to_text(const SidecarWords& words);
SidecarWords sidecar_from_text(std::string_view text);

// A whole sidecar: a serialized XMP packet (ISO 16684-1) with dc:title, dc:description, dc:subject, xmp:Rating,
// lr:hierarchicalSubject and digiKam:TagsList.
std::string xmp_packet(const SidecarWords& words);

}  // namespace damfs
