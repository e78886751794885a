// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/check.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "catalog/base/error.h"

namespace damfs {
namespace {

constexpr size_t kMostProblems = 20;

// Each gives a row for what is wrong, its first column saying which.
using Check = std::pair<const char*, const char*>;

constexpr Check kAssetChecks[] = {
    {"PRAGMA foreign_key_check", "table {} refers to something that is not there"},
    {"SELECT a.id FROM asset a LEFT JOIN version v ON v.id = a.version_id AND v.asset_id = a.id WHERE v.id IS NULL "
     "AND a.state <> 2",
     "asset {} has no current version"},
    {"SELECT DISTINCT a.id FROM asset a JOIN version v ON v.asset_id = a.id WHERE a.state = 2",
     "asset {} became another's, and versions of it are left where nobody sees them"},
    {"SELECT a.id FROM asset a WHERE a.blob_id <> iif(a.state = 0 AND a.size > 0 AND a.link IS NULL, (SELECT v.blob_id "
     "FROM version v "
     "WHERE "
     "v.id = a.version_id), 0)",
     "asset {} is told from its copies by other bytes than it has"},
    {"SELECT a.id FROM asset a WHERE a.standing <> iif(a.link IS NOT NULL, 2, a.blob_id <> 0 AND EXISTS (SELECT 1 FROM "
     "asset o WHERE o.blob_id = "
     "a.blob_id AND o.reach = a.reach AND o.blob_id <> 0 AND o.id < a.id) AND NOT EXISTS (SELECT 1 FROM counter WHERE "
     "name = 'show_copies' AND value = 1)) AND NOT EXISTS (SELECT 1 FROM counter WHERE name = 'show_copies' AND value "
     "= 2)",
     "asset {} stands for its copies and is none, or the other way round"},
    {"SELECT a.id FROM asset a WHERE a.versions <> (SELECT count(*) FROM version WHERE asset_id = a.id)",
     "asset {} has a wrong count of versions"},
    {"SELECT v.asset_id FROM version v JOIN asset a ON a.id = v.asset_id WHERE v.number < 1 OR v.number > "
     "a.last_version",
     "asset {} has a version whose number it has not given"},
    {"SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN blob b ON b.id = v.blob_id "
     "WHERE a.state <> 2 AND (a.size <> coalesce(length(CAST(a.link AS BLOB)), b.size) OR a.mtime_ns <> v.mtime_ns)",
     "asset {} shows another size or time than its current version has"},
    {"SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN technical t ON t.blob_id = v.blob_id "
     "WHERE a.state <> 2 AND (a.kind <> t.kind OR a.still_width <> t.still_width OR a.still_height <> t.still_height "
     "OR "
     "a.clip <> t.clip)",
     "asset {} shows another type, raster or clip than its current version has"},
    {"SELECT id FROM asset WHERE state <> 2 AND captured GLOB '[0-9][0-9][0-9][0-9]-*' AND day <> "
     "CAST(substr(captured, 1, 4) AS INTEGER) * 512 + "
     "CAST(substr(captured, 6, 2) AS INTEGER) * 32 + CAST(substr(captured, 9, 2) AS INTEGER)",
     "asset {} stands in another day than it was captured on"},
    {"SELECT a.id FROM asset a LEFT JOIN asset_text x ON x.asset_id = a.id WHERE a.state <> 2 AND x.asset_id IS NULL",
     "asset {} has no words, not even empty ones"},
    {"SELECT a.id FROM asset a WHERE a.state = 0 AND NOT EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = a.id)",
     "asset {} is in no folder of originals/, and not in the trash either"},
    {"SELECT a.id FROM asset a WHERE a.state <> 0 AND EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = a.id)",
     "asset {} has a name in originals/ and is not shown"},
};

constexpr Check kGroupChecks[] = {
    {"SELECT name FROM counter WHERE name = 'recent_floor' AND value <> max(1, coalesce((SELECT id FROM asset ORDER BY "
     "id DESC LIMIT 1 OFFSET 499), 1)) UNION ALL SELECT 'recent_floor' WHERE NOT EXISTS (SELECT 1 FROM counter WHERE "
     "name = 'recent_floor')",
     "the counter {} is wrong"},
    {"WITH RECURSIVE down (id) AS (SELECT 1 UNION SELECT t.id FROM folder t JOIN down ON t.parent_id = down.id) SELECT "
     "id FROM folder WHERE id NOT IN (SELECT id FROM down)",
     "folder {} is not below originals/"},
    {"WITH RECURSIVE down (id) AS (SELECT 1 UNION SELECT t.id FROM tag t JOIN down ON t.parent_id = down.id) SELECT "
     "id FROM tag WHERE id NOT IN (SELECT id FROM down)",
     "tag {} is not below by-tag/"},
    {"WITH RECURSIVE down (id) AS (SELECT 1 UNION SELECT t.id FROM album t JOIN down ON t.parent_id = down.id) SELECT "
     "id FROM album WHERE id NOT IN (SELECT id FROM down)",
     "album {} is not below albums/"},
};

constexpr Check kBlobChecks[] = {
    {"SELECT b.id FROM blob b LEFT JOIN location l ON l.blob_id = b.id WHERE l.blob_id IS NULL", "blob {} is nowhere"},
    {"SELECT b.id FROM blob b LEFT JOIN version v ON v.blob_id = b.id WHERE v.id IS NULL",
     "blob {} belongs to no asset"},
    {"SELECT b.id FROM blob b WHERE b.assets <> (SELECT count(*) FROM asset a WHERE a.blob_id = b.id AND a.blob_id <> "
     "0)",
     "blob {} has a wrong count of the assets that hold it"},
    {"SELECT b.id FROM blob b LEFT JOIN technical t ON t.blob_id = b.id WHERE t.blob_id IS NULL",
     "of blob {} it is not known what it is"},
    {"SELECT name FROM counter c WHERE (name = 'blobs' AND value <> (SELECT count(*) FROM blob)) OR (name = "
     "'original_bytes' AND value <> (SELECT coalesce(sum(size), 0) FROM blob)) OR (name = 'copies' AND value <> "
     "(SELECT "
     "count(*) FROM asset WHERE standing = 1)) UNION ALL SELECT column1 FROM (VALUES ('blobs'), ('original_bytes'), "
     "('copies')) WHERE column1 NOT IN (SELECT name FROM counter)",
     "the counter {} is wrong"},
};

// A member's id is blob << 20 | number; above the top ones stands 0xFFFFF.
constexpr Check kArchiveChecks[] = {
    {"SELECT m.id >> 20 FROM pack_member m WHERE NOT EXISTS (SELECT 1 FROM pack k WHERE k.blob_id = m.id >> 20) GROUP "
     "BY 1",
     "blob {} has members and is no archive"},
    {"SELECT m.id FROM pack_member m WHERE m.parent_id <> (m.id | 1048575) AND NOT EXISTS (SELECT 1 FROM pack_member p "
     "WHERE p.id = m.parent_id AND p.id >> 20 = m.id >> 20)",
     "member {} is in no folder of its archive"},
    {"SELECT k.blob_id FROM pack k WHERE k.primary_member IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pack_member m "
     "WHERE m.id = (k.blob_id << 20 | k.primary_member))",
     "archive {} is shown by a member that it does not have"},
    {"SELECT m.id FROM pack_member m WHERE m.archive IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pack_member h WHERE "
     "h.id "
     "= (m.id >> 20 << 20 | m.archive))",
     "member {} is in an archive that is not there"},
    {"SELECT m.id FROM pack_member m LEFT JOIN material x ON x.id = m.material_id AND x.blob_id = m.id >> 20 WHERE "
     "(m.role <> 0) <> (m.material_id IS NOT NULL) OR (m.material_id IS NOT NULL AND x.id IS NULL AND m.by_material = "
     "1) OR ((m.by_map = 1 OR m.by_material = 1) AND m.role = 0)",
     "member {} is a map of no material of its archive"},
    {"SELECT x.id FROM material x WHERE NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.by_material = 1 AND "
     "m.material_id = x.id)",
     "material {} has no maps"},
    {"SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN pack k ON k.blob_id = v.blob_id WHERE "
     "a.state "
     "= 0 AND NOT EXISTS (SELECT 1 FROM pack_name n WHERE n.asset_id = a.id)",
     "asset {} is an archive without a name in packs/"},
    {"SELECT c.asset_id FROM member_copy c WHERE NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.id = c.member_id) OR "
     "NOT EXISTS (SELECT 1 FROM asset_link l WHERE l.from_id = c.asset_id)",
     "asset {} is said to be a copy of what is in no archive"},
};

constexpr Check kSearchChecks[] = {
    {"SELECT a.id FROM asset a LEFT JOIN asset_search s ON s.rowid = a.id WHERE a.state = 0 AND s.rowid IS NULL",
     "asset {} is missing from the search index"},
    {"SELECT s.rowid FROM asset_search s LEFT JOIN asset a ON a.id = s.rowid AND a.state = 0 LEFT JOIN asset_text x ON "
     "x.asset_id = a.id LEFT JOIN camera c ON c.id = a.camera_id WHERE a.id IS NULL OR s.title <> x.title OR "
     "s.description <> x.description OR s.camera <> coalesce(c.name, '')",
     "asset {} is found by other words than it has"},
};

void run_check(Reader& reader, const std::string& sql, std::string_view sentence, std::vector<std::string>& problems) {
  db::Statement rows(reader.database(), sql);
  while (problems.size() < kMostProblems && rows.step()) {
    problems.push_back(fmt::format(fmt::runtime(sentence), rows.text(0)));
  }
}

// What is counted once a commit, against what is there.
void check_groupings(Reader& reader, std::vector<std::string>& problems) {
  run_check(reader, fmt::format("SELECT a.id FROM asset a WHERE a.names <> {}", count_of_names_sql("a.")),
            "asset {} has a wrong count of names", problems);
  for (const GroupingRow& grouping : groupings()) {
    if (!is_counted(grouping)) continue;
    run_check(
        reader,
        fmt::format("SELECT key FROM (SELECT key, assets FROM shelf WHERE grouping = {} AND key <> 0 UNION ALL "
                    "SELECT {} AS key, -1 FROM asset WHERE state = 0{}) WHERE key IS NOT NULL GROUP BY key HAVING "
                    "sum(assets) <> 0",
                    static_cast<int>(grouping.grouping), key_sql(grouping, ""),
                    grouping.is_flat ? " AND standing = 0" : ""),
        fmt::format("{} {{}} has a wrong count of assets", grouping.name), problems);
  }
  for (const GroupingRow* label : label_groupings()) {
    run_check(
        reader,
        fmt::format("SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN technical t ON t.blob_id "
                    "= v.blob_id WHERE a.state <> 2 AND (a.{} IS NOT NULL) <> ({})",
                    label->column, label->has_label),
        fmt::format("asset {{}} shows another {} than its current version has", label->name), problems);
  }
}

void run_checks(Reader& reader, std::span<const Check> checks, std::vector<std::string>& problems) {
  for (const auto& [sql, sentence] : checks) run_check(reader, sql, sentence, problems);
}

}  // namespace

std::vector<std::string> check_catalog(Reader& reader) {
  std::vector<std::string> problems;
  try {
    // From SQLite 3.44 on the check is also of the search index, but with what the connection knew of it when it last
    // read it; so it reads it now.
    db::Statement(reader.database(), "SELECT rowid FROM asset_search LIMIT 1").step();
    db::Statement integrity(reader.database(), "PRAGMA integrity_check(20)");
    while (integrity.step()) {
      if (integrity.text(0) != "ok") problems.emplace_back(integrity.text(0));
    }
    for (const std::span<const Check> checks :
         {std::span<const Check>(kAssetChecks), std::span<const Check>(kGroupChecks),
          std::span<const Check>(kBlobChecks), std::span<const Check>(kArchiveChecks),
          std::span<const Check>(kSearchChecks)}) {
      run_checks(reader, checks, problems);
    }
    check_groupings(reader, problems);
  } catch (const Error& error) {
    problems.emplace_back(error.what());
  }
  return problems;
}

std::vector<DamagedRow> damaged_blobs(Reader& reader) {
  std::vector<DamagedRow> found;
  db::Statement rows(
      reader.database(),
      "SELECT b.sha256, d.reason, d.found_ns FROM damage d JOIN blob b ON b.id = d.blob_id ORDER BY b.id");
  while (rows.step()) {
    if (const auto digest = Digest::from_bytes(rows.text(0))) {
      found.push_back({*digest, std::string(rows.text(1)), rows.integer(2)});
    }
  }
  return found;
}

void each_object(Reader& reader, const std::function<void(const Digest& sha256, int64_t size)>& visit) {
  db::Statement rows(reader.database(),
                     "SELECT b.sha256, b.size FROM blob b JOIN location l ON l.blob_id = b.id "
                     "WHERE l.custody = 'object' ORDER BY b.id");
  while (rows.step()) {
    if (const auto digest = Digest::from_bytes(rows.text(0))) visit(*digest, rows.integer(1));
  }
}

}  // namespace damfs
