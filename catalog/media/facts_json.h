// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "catalog/media/facts.h"

namespace damfs {

// What a reader accepts and a worker therefore keeps to: bytes of a text, members of a list.
struct FactLimits {
  static constexpr size_t kJson = 1U << 20;
  static constexpr size_t kName = 256;       // codecs, makes, lenses, time codes …
  static constexpr size_t kSentence = 1024;  // a problem, a title
  static constexpr size_t kDescription = 16U << 10;
  static constexpr size_t kTag = 1024;
  static constexpr size_t kTags = 256;
  static constexpr size_t kTagDepth = 64;  // parts
  static constexpr size_t kMetadataValue = 1024;
  static constexpr size_t kMetadata = 64U << 10;  // one namespace, as text
  static constexpr int64_t kEdge = 10'000'000;    // pixels
};

// The worker's answer to a probe. The reader trusts nothing: a worker may have been taken over by the file it
// parsed. Anything malformed, out of range or over-long throws Error(EPROTO).
std::string facts_to_json(const MediaFacts& facts);
MediaFacts facts_from_json(std::string_view json);

}  // namespace damfs
