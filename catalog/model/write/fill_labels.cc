// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/fill_labels.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/names.h"

namespace damfs {
namespace {

// What files say of the devices that made them: few, whatever the size of the library.
std::vector<MediaFacts> devices(db::Database& database) {
  std::vector<MediaFacts> all;
  db::Statement rows(database, "SELECT DISTINCT make, model, lens FROM technical ORDER BY 1, 2, 3");
  while (rows.step()) {
    MediaFacts& facts = all.emplace_back();
    facts.make = rows.text(0);
    facts.model = rows.text(1);
    facts.lens = rows.text(2);
  }
  return all;
}

}  // namespace

bool has_table(db::Database& database, std::string_view name) {
  db::Statement row(database, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
  return row.bind(1, name).step();
}

void fill_labels(db::Database& database, const GroupingRow& grouping) {
  std::map<std::string, int64_t> labels;  // by their keys
  const int64_t now = now_ns();
  database.execute(
      "CREATE TEMP TABLE device (make TEXT, model TEXT, lens TEXT, label INTEGER, PRIMARY KEY (make, model, lens)) "
      "WITHOUT ROWID");
  {
    db::Statement add(database,
                      fmt::format("INSERT INTO {} (name, name_key, changed_ns) VALUES (?1, ?2, ?3)", grouping.name));
    db::Statement note(database, "INSERT INTO device VALUES (?1, ?2, ?3, ?4)");
    for (const MediaFacts& facts : devices(database)) {
      const std::string name = grouping.label_of(facts);
      if (name.empty()) continue;
      const std::string key = fold(name);
      int64_t& label = labels[key];
      if (label == 0) {
        add.bind_all(std::string_view(name), std::string_view(key), now).run();
        label = database.last_insert_id();
      }
      note.bind_all(std::string_view(facts.make), std::string_view(facts.model), std::string_view(facts.lens), label)
          .run();
    }
  }
  database.execute(fmt::format(
      "UPDATE asset SET {} = d.label FROM version v JOIN technical t ON t.blob_id = v.blob_id JOIN device d "
      "ON d.make = t.make AND d.model = t.model AND d.lens = t.lens WHERE v.id = asset.version_id",
      grouping.column));
  database.execute("DROP TABLE device");
  const std::string is_shown =
      fmt::format("state = 0{} AND {} IS NOT NULL", grouping.is_flat ? " AND standing = 0" : "", grouping.column);
  if (grouping.is_name) database.execute(fmt::format("UPDATE asset SET names = names + 1 WHERE {}", is_shown));
  database.execute(
      fmt::format("INSERT INTO shelf (grouping, key, assets, changed_ns) SELECT {}, {}, count(*), {} FROM "
                  "asset WHERE {} GROUP BY 2",
                  static_cast<int>(grouping.grouping), grouping.column, now, is_shown));
}

}  // namespace damfs
