// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/stat.h>

#include <string_view>
#include <vector>

#include "catalog/ingest/walk.h"
#include "catalog/model/rows.h"

namespace damfs {

// What the source says of who may do what: its bits, where they are other than usual; and whose it is, which only root
// could give it.
Ownership ownership_like(const struct stat& st, mode_t usual);

// Of the folders that a file is filed in, by the parts of their path; empty where all are as usual. The root that was
// walked stands for the last part of `into`; where it goes into originals/ itself, nobody's folder is its likeness.
std::vector<Ownership> folders_like(const WalkedFile& file, std::string_view into);

}  // namespace damfs
