// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/purge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/base/clock.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

// Until when an asset may not be purged; empty: it may.
std::string lock_of(Reader& reader, int64_t asset) {
  const auto until = reader.attribute(asset, kLockAttribute);
  if (!until) return {};
  const std::string today = local_time(now_ns()).text();
  return *until > today.substr(0, until->size()) ? *until : std::string();
}

int64_t bytes_of(Reader& reader, int64_t asset, int64_t version) {
  db::Statement row(
      reader.database(),
      "SELECT coalesce(sum(size), 0) FROM blob WHERE id IN (SELECT blob_id FROM version WHERE asset_id = ?1 "
      "AND (?2 = 0 OR id = ?2)) AND NOT EXISTS (SELECT 1 FROM version v WHERE v.blob_id = blob.id AND "
      "(v.asset_id <> ?1 OR (?2 <> 0 AND v.id <> ?2)))");
  row.bind_all(asset, version);
  return row.step() ? row.integer(0) : 0;
}

}  // namespace

std::vector<Purgeable> purgeable_trash(Reader& reader, int64_t deleted_before_ns) {
  std::vector<Purgeable> found;
  {
    db::Statement rows(
        reader.database(),
        // Whoever empties a trash of his own does not hurry what everybody's bytes are kept for: the journal knows
        // when.
        "SELECT a.id, a.label FROM asset a WHERE a.state = 1 AND NOT EXISTS (SELECT 1 FROM trash t WHERE "
        "t.asset_id = a.id AND t.deleted_ns >= ?1) AND NOT EXISTS (SELECT 1 FROM act_step s JOIN act c ON "
        "c.id = s.act_id WHERE s.asset_id = a.id AND s.what = ?2 AND c.at_ns >= ?1) ORDER BY a.id");
    rows.bind_all(deleted_before_ns, static_cast<int64_t>(Step::What::kTrash));
    while (rows.step()) found.push_back({.asset = rows.integer(0), .name = std::string(rows.text(1))});
  }
  for (Purgeable& each : found) {
    each.bytes = bytes_of(reader, each.asset, 0);
    each.locked_until = lock_of(reader, each.asset);
  }
  return found;
}

int64_t purge_hidden_trash(Catalog& catalog, int64_t deleted_before_ns) {
  std::vector<int64_t> assets;
  {
    const auto reader = catalog.reader();
    for (const int64_t id : reader->hidden_trash(deleted_before_ns)) {
      const auto row = reader->trash_entry(id);
      if (row && lock_of(*reader, row->asset).empty()) assets.push_back(row->asset);
    }
  }
  if (assets.empty()) return 0;
  catalog.write([&](Writer& writer) {
    for (const int64_t asset : assets) writer.purge_asset(asset);
  });
  return std::ssize(assets);
}

std::vector<Purgeable> purgeable_versions(Reader& reader, int64_t asset) {
  std::vector<Purgeable> found;
  const auto row = reader.asset(asset);
  if (!row) return found;
  for (const VersionRow& version : reader.versions(asset)) {
    if (version.id == row->row.version) continue;
    found.push_back({.asset = asset,
                     .version = version.id,
                     .name = fmt::format("{}, version {}", row->name, version.number),
                     .bytes = bytes_of(reader, asset, version.id),
                     .locked_until = lock_of(reader, asset)});
  }
  return found;
}

// The asset's row stays, so that its label is never given to another one.
void Writer::purge_asset(int64_t asset) {
  if (state_of_asset(asset) != AssetState::kTrashed) return;
  for (const int64_t trash : ids("SELECT id FROM trash WHERE asset_id = ?1", asset)) drop_trash(trash);
  for (const char* sql :
       {"DELETE FROM asset_tag WHERE asset_id = ?1", "DELETE FROM album_item WHERE asset_id = ?1",
        "DELETE FROM attribute WHERE asset_id = ?1", "DELETE FROM asset_text WHERE asset_id = ?1",
        "DELETE FROM sidecar_heard WHERE asset_id = ?1",
        "DELETE FROM member_copy WHERE asset_id = ?1 OR asset_id IN (SELECT l.from_id FROM asset_link "
        "l JOIN member_copy c ON c.asset_id = l.from_id JOIN version v ON v.asset_id = l.to_id AND "
        "v.blob_id = (c.member_id >> 20) WHERE l.to_id = ?1)",
        "DELETE FROM asset_link WHERE from_id = ?1 OR to_id = ?1",
        "UPDATE asset SET camera_proxy_id = NULL WHERE camera_proxy_id = ?1",
        "UPDATE asset SET state = 2, camera_id = NULL, camera_proxy_id = NULL WHERE id = ?1"}) {
    statement(sql).bind_all(asset).run();
  }
  for (const int64_t version : ids("SELECT id FROM version WHERE asset_id = ?1", asset)) purge_version(version);
  touched_assets_.try_emplace(asset, 0);
}

void Writer::purge_version(int64_t version) {
  const int64_t blob = count_of("SELECT blob_id FROM version WHERE id = ?1", version);
  const int64_t asset = count_of("SELECT asset_id FROM version WHERE id = ?1", version);
  log_removed_version(version, asset);
  statement("DELETE FROM version WHERE id = ?1").bind_all(version).run();
  drop_blob_if_unused(blob);
  touched_assets_.try_emplace(asset, 0);
}

// What an undo took away is read again by the next import; what somebody removed is not.
void Writer::forget_undone_sources() {
  if (undone_entries_.empty()) return;
  statement("DELETE FROM source_file WHERE entry_id IN (SELECT value FROM json_each(?1))")
      .bind_all(std::string_view(fmt::format("[{}]", fmt::join(undone_entries_, ","))))
      .run();
}

void Writer::forget_purged_sources() {
  statement("DELETE FROM source_file WHERE NOT EXISTS (SELECT 1 FROM folder_entry WHERE id = source_file.entry_id)")
      .run();
}

}  // namespace damfs
