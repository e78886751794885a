// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "views/derive/clip_layout.h"

namespace damfs {

// What the first bytes of an editing proxy tell about the rest.
struct ClipHeadInput {
  const ClipFacts& facts;
  const ClipProfile& profile;
  Raster raster;
  SparseLayout sparse;
  uint64_t head_bytes;
  uint64_t size;  // of the whole file
  const Digest& source;
  std::string_view reel;
};

// Room that is enough for every head of such a clip, whatever its words are: from the counts of its pieces alone, so
// that a listing can tell the size without making a head.
uint64_t mov_head_room(const ClipFacts& facts);
uint64_t wav_head_room();

// Exactly `head_bytes` long. Sources: ISO/IEC 14496-12, Apple's QuickTime File Format Specification (time code, sound
// and source-reference descriptions), SMPTE RP 2019 boxes as libavformat/movenc.c writes them for VC-3 (ACLR, ADHR).
std::string mov_head(const ClipHeadInput& input);
// EBU Tech 3306 (RF64) where the file is too long for RIFF.
std::string wav_head(const ClipHeadInput& input);

}  // namespace damfs
