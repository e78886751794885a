// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/model/catalog.h"

namespace damfs {

enum class HiddenTrash : uint8_t { kLeft, kToo };  // what programs made and removed within a minute

std::vector<TrashRow> list_trash(Reader& reader, HiddenTrash hidden = HiddenTrash::kLeft);
std::string path_before(const TrashRow& row);  // below originals/

// What is called so in the trash, in that order, hidden or not.
struct FoundTrash {
  std::vector<TrashRow> rows;
  std::optional<std::string> missing{};  // the first name that nothing has
};
FoundTrash find_trash(Reader& reader, const std::vector<std::string>& names);

struct Restored {
  std::string name;  // in the trash
  int64_t asset = 0;
  std::string path;  // below originals/, now
};
// Each under the name it had; where that is taken, the folder has both. In one act.
std::vector<Restored> restore_trash(Catalog& catalog, const Act& act, const std::vector<TrashRow>& rows);

// All that list_trash() tells leaves it; the bytes stay until they are purged. Returns how many that were.
int64_t empty_trash(Catalog& catalog, const Act& act);

}  // namespace damfs
