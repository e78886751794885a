// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/media/worker/av_input.h"

namespace damfs::worker {

// Upright raster of what stands for a recording: its cover, else the waveform that is drawn of it.
Raster audio_raster(const AVFormatContext* format);

}  // namespace damfs::worker
