// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/check.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/base/error.h"

namespace damfs {
namespace {

constexpr size_t kMostProblems = 20;

// Each gives a row for what is wrong, its first column saying which.
constexpr std::pair<const char*, const char*> kChecks[] = {
    {"PRAGMA foreign_key_check", "table {} refers to something that is not there"},
    {"SELECT a.id FROM asset a LEFT JOIN version v ON v.id = a.version_id AND v.asset_id = a.id WHERE v.id IS NULL "
     "AND a.state <> 2",
     "asset {} has no current version"},
    {"SELECT a.id FROM asset a WHERE a.names <> (SELECT count(*) FROM trash WHERE asset_id = a.id) + CASE a.state WHEN "
     "0 "
     "THEN (SELECT count(*) FROM folder_entry WHERE asset_id = a.id) + (SELECT count(*) FROM asset_tag WHERE asset_id "
     "= "
     "a.id) + (SELECT count(*) FROM album_item WHERE asset_id = a.id) + 2 + (a.camera_id IS NOT NULL) + "
     "coalesce(a.rating BETWEEN 1 AND 5, 0) + (a.versions > 1) ELSE 0 END",
     "asset {} has a wrong count of names"},
    {"SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN blob b ON b.id = v.blob_id "
     "WHERE a.state <> 2 AND (a.size <> b.size OR a.mtime_ns <> v.mtime_ns)",
     "asset {} shows another size or time than its current version has"},
    {"SELECT s.key FROM shelf s WHERE s.grouping = 5 AND s.assets <> (SELECT count(*) FROM asset WHERE state = "
     "0 AND day = s.key)",
     "day {} has a wrong count of assets"},
    {"SELECT s.key FROM shelf s WHERE s.grouping = 7 AND s.key > 0 AND s.assets <> (SELECT count(*) FROM asset WHERE "
     "state = 0 AND kind = s.key)",
     "type {} has a wrong count of assets"},
    {"SELECT b.id FROM blob b LEFT JOIN location l ON l.blob_id = b.id WHERE l.blob_id IS NULL", "blob {} is nowhere"},
    {"SELECT a.id FROM asset a WHERE a.state = 0 AND NOT EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = a.id)",
     "asset {} is in no folder of originals/, and not in the trash either"},
    {"SELECT a.id FROM asset a WHERE a.state <> 0 AND EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = a.id)",
     "asset {} has a name in originals/ and is not shown"},
    {"SELECT b.id FROM blob b LEFT JOIN version v ON v.blob_id = b.id WHERE v.id IS NULL",
     "blob {} belongs to no asset"},
    {"SELECT name FROM counter c WHERE (name = 'blobs' AND value <> (SELECT count(*) FROM blob)) OR (name = "
     "'original_bytes' AND value <> (SELECT coalesce(sum(size), 0) FROM blob))",
     "the counter {} is wrong"},
    {"SELECT c.asset_id FROM member_copy c WHERE NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.id = c.member_id) OR "
     "NOT EXISTS (SELECT 1 FROM asset_link l WHERE l.from_id = c.asset_id)",
     "asset {} is said to be a copy of what is in no archive"},
    {"SELECT a.id FROM asset a LEFT JOIN asset_search s ON s.rowid = a.id WHERE a.state = 0 AND s.rowid IS NULL",
     "asset {} is missing from the search index"},
};

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
    for (const auto& [sql, sentence] : kChecks) {
      db::Statement rows(reader.database(), sql);
      while (problems.size() < kMostProblems && rows.step()) {
        problems.push_back(fmt::format(fmt::runtime(sentence), rows.text(0)));
      }
    }
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
