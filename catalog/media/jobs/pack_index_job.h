// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "catalog/media/charsets.h"

namespace damfs {

// What of an archive's members is to stand in its index.
struct PackIndexRequest {
  bool hash_members = false;          // the SHA-256 of each
  bool look_at_pictures = true;       // what stills they have
  std::string charset{kAutoCharset};  // of names that do not tell theirs
};

}  // namespace damfs
