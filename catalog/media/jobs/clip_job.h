// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/media/facts.h"

namespace damfs {

// Of an editing proxy.
struct ClipRequest {
  ClipFacts facts;
  ClipCodec codec = ClipCodec::kDnxhrLb;
  Raster raster;    // of the proxy's frames
  int track = -1;   // units are seconds of facts.sound[track]; -1: frames
  int threads = 1;  // codec threads; the bytes do not depend on it
};

}  // namespace damfs
