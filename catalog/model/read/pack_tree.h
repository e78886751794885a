// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/media/pack.h"

namespace damfs {

// A member as it is shown, or a folder that the archive only implies.
struct PackNode {
  int64_t number = 0;                  // of the member; folders that are implied count on behind the last one
  int64_t parent = 0;                  // number of the folder above it
  std::string name;                    // one component, no other in its folder like it when case is folded
  const PackMember* member = nullptr;  // null: an implied folder
  std::string note;                    // why it is not shown as the archive calls it, or empty
};

// What is shown at the top of an archive has this parent; no member has that number.
inline constexpr int64_t kPackTop = kMaxMembers;
inline constexpr int kMemberNumberBits = 20;

// The folders and files of an archive whose names may be anything: nothing leads out of it, nothing is there twice.
// Parents come before what is in them.
std::vector<PackNode> pack_tree(const Pack& members);

}  // namespace damfs
