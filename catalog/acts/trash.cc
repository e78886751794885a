// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/trash.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "catalog/base/names.h"
#include "catalog/model/write/writer.h"

namespace damfs {

std::vector<TrashRow> list_trash(Reader& reader, HiddenTrash hidden) {
  std::vector<int64_t> ids;
  if (hidden == HiddenTrash::kToo) ids = reader.hidden_trash(std::numeric_limits<int64_t>::max());
  reader.assets(Grouping::kTrash, 0, 0, [&](const AssetRow& row) {
    ids.push_back(row.cursor);
    return true;
  });
  std::vector<TrashRow> rows;
  for (const int64_t id : ids) {
    if (auto row = reader.trash_entry(id)) rows.push_back(std::move(*row));
  }
  return rows;
}

std::string path_before(const TrashRow& row) { return join_path(row.folder, row.original_name); }

FoundTrash find_trash(Reader& reader, const std::vector<std::string>& names) {
  FoundTrash found;
  const auto rows = list_trash(reader, HiddenTrash::kToo);
  for (const std::string& name : names) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const TrashRow& each) { return each.name == nfc(name); });
    if (row == rows.end()) {
      found.missing = name;
      break;
    }
    found.rows.push_back(*row);
  }
  return found;
}

std::vector<Restored> restore_trash(Catalog& catalog, const Act& act, const std::vector<TrashRow>& rows) {
  std::vector<Restored> restored;
  catalog.write(act, [&](Writer& writer) {
    restored.clear();
    for (const TrashRow& row : rows) {
      const int64_t folder = writer.ensure_folder(row.folder);
      std::string name = row.original_name;
      for (int number = 2; writer.entry_at(folder, name); ++number) {
        name = with_suffix(row.original_name, fmt::format("~{}", number));
      }
      writer.restore_entry(row, folder, name);
      restored.push_back({row.name, row.asset, join_path(row.folder, name)});
    }
  });
  return restored;
}

int64_t empty_trash(Catalog& catalog, const Act& act) {
  const auto rows = list_trash(*catalog.reader());
  catalog.write(act, [&](Writer& writer) {
    for (const TrashRow& row : rows) writer.drop_trash(row.id);
  });
  return std::ssize(rows);
}

}  // namespace damfs
