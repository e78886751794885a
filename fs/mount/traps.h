// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "catalog/base/file.h"

namespace damfs {

// A machine, and a mount on it.
struct Surroundings {
  Path root = "/";  // below which its /etc, /usr and /proc are
  Path home;        // the user's, as programs name it
  Path mountpoint;
  bool is_root = false;  // the user
};

// What is set on that machine that will not go well with the mount, each with its remedy, a sentence or two. Reads
// files alone; what cannot be read or understood is passed over.
std::vector<std::string> traps_of(const Surroundings& here);

}  // namespace damfs
