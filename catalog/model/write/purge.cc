// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/purge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/base/clock.h"
#include "catalog/model/statements.h"
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
  db::Use row(reader.statement("bytes_freed_by_purging"));
  row->bind_all(asset, version);
  return row->step() ? row->integer(0) : 0;
}

}  // namespace

std::vector<Purgeable> purgeable_trash(Reader& reader, int64_t deleted_before_ns) {
  std::vector<Purgeable> found;
  {
    db::Use rows(reader.statement("purgeable_trash"));
    rows->bind_all(deleted_before_ns, static_cast<int64_t>(Step::What::kTrash));
    while (rows->step()) found.push_back({.asset = rows->integer(0), .name = std::string(rows->text(1))});
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
  for (const int64_t trash : ids("trash_rows_of_asset", asset)) drop_trash(trash);
  for (const StatementName name : std::initializer_list<StatementName>{
           "drop_tags_of_asset", "drop_albums_of_asset", "drop_attributes_of_asset", "drop_words_of_asset",
           "drop_applied_words_of_asset", "drop_copies_of_and_from_asset", "drop_links_of_asset",
           "drop_camera_proxy_from_all", "mark_asset_absorbed"}) {
    statement(name).bind_all(asset).run();
  }
  for (const int64_t version : ids("ids_of_versions", asset)) purge_version(version);
  touched_assets_.try_emplace(asset, 0);
}

void Writer::purge_version(int64_t version) {
  const int64_t blob = count_of("blob_of_version", version);
  const int64_t asset = count_of("asset_of_version", version);
  log_removed_version(version, asset);
  statement("drop_version").bind_all(version).run();
  drop_blob_if_unused(blob);
  touched_assets_.try_emplace(asset, 0);
}

// What an undo took away is read again by the next import; what somebody removed is not.
void Writer::forget_undone_sources() {
  if (undone_entries_.empty()) return;
  statement("forget_sources_of_entries")
      .bind_all(std::string_view(fmt::format("[{}]", fmt::join(undone_entries_, ","))))
      .run();
}

void Writer::forget_purged_sources() { statement("forget_sources_without_entry").run(); }

}  // namespace damfs
