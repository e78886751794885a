// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <span>

#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {

// Up to four stills side by side, each filling its cell and cut where it is longer: one alone, two as halves, more as
// quarters.
PictureRef collage(std::span<const Source* const> stills);

}  // namespace damfs::worker
