// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "catalog/media/job.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

struct Rendered {
  int64_t real_bytes = 0;
  int64_t encodes = 0;
  std::string note;  // what is wrong with the picture, of which only a part can be shown; empty: nothing
};

// Makes the stills and writes them, each to the output of its place. Throws Error with a reason for people.
Rendered render_stills(std::span<const std::unique_ptr<Source>> files, const StillRequest& request,
                       std::span<const int> outputs);

}  // namespace damfs::worker
