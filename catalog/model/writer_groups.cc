// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/writer.h"

namespace damfs {

// The three trees that are stored as (id, parent_id, name, name_key).
struct Writer::Tree {
  Grouping grouping;
  std::string_view find;    // ?1 parent, ?2 key
  std::string_view insert;  // ?1 parent, ?2 name, ?3 key, ?4 now
  std::string (*to_key)(std::string_view);
};

namespace {

constexpr int64_t kRecentCount = 500;
constexpr int64_t kAlbumGap = 1 << 20;
// A mount asks four times a second; whoever slept longer than this drops all that it cached.
constexpr int64_t kFeedKeptNs = 3'600'000'000'000;

std::string same(std::string_view name) { return std::string(name); }

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == path.npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

}  // namespace

static constexpr std::string_view kFindFolder = "SELECT id FROM folder WHERE parent_id = ?1 AND name = ?2";
static constexpr std::string_view kFindTag = "SELECT id FROM tag WHERE parent_id = ?1 AND name_key = ?2";
static constexpr std::string_view kFindAlbum = "SELECT id FROM album WHERE parent_id = ?1 AND name_key = ?2";
static constexpr std::string_view kInsertFolder =
    "INSERT INTO folder (parent_id, name, name_key, changed_ns) VALUES (?1, ?2, ?3, ?4)";
static constexpr std::string_view kInsertTag =
    "INSERT INTO tag (parent_id, name, name_key, changed_ns) VALUES (?1, ?2, ?3, ?4)";
static constexpr std::string_view kInsertAlbum =
    "INSERT INTO album (parent_id, name, name_key, changed_ns) VALUES (?1, ?2, ?3, ?4)";

int64_t Writer::ensure_folder(std::string_view path) {
  if (const auto cached = folder_cache_.find(std::string(path)); cached != folder_cache_.end()) return cached->second;
  static const Tree kTree{Grouping::kFolder, kFindFolder, kInsertFolder, same};
  const int64_t folder = ensure_in_tree(kTree, path);
  folder_cache_.emplace(path, folder);
  return folder;
}

int64_t Writer::ensure_tag(std::string_view path) {
  static const Tree kTree{Grouping::kTag, kFindTag, kInsertTag, fold};
  if (path.empty()) fail(EINVAL, "a tag needs a name");
  return ensure_in_tree(kTree, path);
}

int64_t Writer::ensure_album(std::string_view path) {
  static const Tree kTree{Grouping::kAlbum, kFindAlbum, kInsertAlbum, fold};
  if (path.empty()) fail(EINVAL, "an album needs a name");
  return ensure_in_tree(kTree, path);
}

// As it is called now, below originals/: a folder may have had to step aside for a file.
std::string Writer::folder_path(int64_t folder) {
  if (const auto cached = folder_paths_.find(folder); cached != folder_paths_.end()) return cached->second;
  std::string path;
  for (int64_t at = folder; at != 1;) {
    db::Use row(statement("SELECT parent_id, name FROM folder WHERE id = ?1"));
    row->bind_all(at);
    if (!row->step()) break;
    path = path.empty() ? std::string(row->text(1)) : fmt::format("{}/{}", row->text(1), path);
    at = row->integer(0);
  }
  return folder_paths_.emplace(folder, path).first->second;
}

std::optional<int64_t> Writer::find_tag(std::string_view path) {
  return find_in_tree({Grouping::kTag, kFindTag, kInsertTag, fold}, path);
}

std::optional<int64_t> Writer::find_album(std::string_view path) {
  return find_in_tree({Grouping::kAlbum, kFindAlbum, kInsertAlbum, fold}, path);
}

int64_t Writer::ensure_in_tree(const Tree& tree, std::string_view path) {
  int64_t at = 1;
  for (const std::string_view part : parts_of(path)) {
    if (part.empty()) fail(EINVAL, "'{}' has an empty part between its slashes", printable(path));
    at = child_of(tree, at, part, true);
  }
  return at;
}

std::optional<int64_t> Writer::find_in_tree(const Tree& tree, std::string_view path) {
  int64_t at = 1;
  for (const std::string_view part : parts_of(path)) {
    at = part.empty() ? 0 : child_of(tree, at, part, false);
    if (at == 0) return std::nullopt;
  }
  return at == 1 ? std::nullopt : std::optional(at);
}

int64_t Writer::child_of(const Tree& tree, int64_t parent, std::string_view name, bool create) {
  // A folder keeps the bytes it came with; tags and albums get names that every system takes.
  std::string stored = tree.grouping == Grouping::kFolder ? std::string(name) : portable_name(name);
  {
    db::Use row(statement(tree.find));
    row->bind_all(parent, std::string_view(tree.to_key(stored)));
    if (row->step()) return row->integer(0);
  }
  if (!create) return 0;
  if (tree.grouping == Grouping::kFolder) {
    const EntryName checked(stored);  // throws for what no kernel takes as a name
    // A file of that name is there already, from another source: the folder steps aside.
    db::Use taken(statement("SELECT 1 FROM folder_entry WHERE folder_id = ?1 AND name = ?2"));
    taken->bind_all(parent, checked.view());
    const bool is_taken = taken->step();
    taken->reset();  // the call below uses it again
    if (is_taken) return child_of(tree, parent, with_suffix(stored, "~folder"), true);
  }
  const std::string key = tree.grouping == Grouping::kFolder ? nfc(stored) : fold(stored);
  statement(tree.insert).bind_all(parent, std::string_view(stored), std::string_view(key), now_ns_).run();
  const int64_t made = database_.last_insert_id();
  log_change(ChangeRow::What::kNewGroup, 0, 0, tree.grouping, parent, stored);
  changed_groups_.emplace(tree.grouping, parent);
  return made;
}

bool Writer::add_tag(int64_t asset, int64_t tag) {
  {
    db::Use row(statement("SELECT 1 FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2"));
    row->bind_all(tag, asset);
    if (row->step()) return false;
  }
  statement("INSERT INTO asset_tag (tag_id, asset_id) VALUES (?1, ?2)").bind_all(tag, asset).run();
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kTag, tag);
  return true;
}

bool Writer::remove_tag(int64_t asset, int64_t tag) {
  db::Use row(
      statement("DELETE FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2 RETURNING (SELECT label FROM asset "
                "WHERE id = ?2)"));
  row->bind_all(tag, asset);
  if (!row->step()) return false;
  log_change(ChangeRow::What::kLostName, asset, 0, Grouping::kTag, tag, row->text(0));
  row->run();
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kTag, tag);
  return true;
}

bool Writer::add_to_album(int64_t asset, int64_t album) {
  {
    db::Use row(statement("SELECT 1 FROM album_item WHERE album_id = ?1 AND asset_id = ?2"));
    row->bind_all(album, asset);
    if (row->step()) return false;
  }
  statement(
      "INSERT INTO album_item (album_id, position, asset_id) SELECT ?1, coalesce(max(position), 0) + ?3, ?2 "
      "FROM album_item WHERE album_id = ?1")
      .bind_all(album, asset, kAlbumGap)
      .run();
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kAlbum, album);
  return true;
}

bool Writer::remove_from_album(int64_t asset, int64_t album) {
  db::Use row(
      statement("DELETE FROM album_item WHERE album_id = ?1 AND asset_id = ?2 RETURNING (SELECT label FROM "
                "asset WHERE id = ?2)"));
  row->bind_all(album, asset);
  if (!row->step()) return false;
  log_change(ChangeRow::What::kLostName, asset, 0, Grouping::kAlbum, album, row->text(0));
  row->run();
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kAlbum, album);
  return true;
}

void Writer::count_in_group(Grouping grouping, int64_t key, int64_t delta) {
  group_counts_[{grouping, key}] += delta;
  if (delta < 0) changed_groups_.emplace(grouping, key);
}

// Adds or takes an asset to or from the computed groups that its row names. When it leaves, the mount is told.
void Writer::move_asset_in_groups(int64_t asset, int64_t delta) {
  db::Use row(statement("SELECT day, kind, camera_id, rating, label FROM asset WHERE id = ?1"));
  row->bind_all(asset);
  if (!row->step()) return;
  const int64_t day = row->integer(0);
  std::vector<std::pair<Grouping, int64_t>> groups = {{Grouping::kDay, day}, {Grouping::kKind, row->integer(1)}};
  if (!row->is_null(2)) groups.emplace_back(Grouping::kCamera, row->integer(2));
  if (!row->is_null(3) && row->integer(3) >= 1) groups.emplace_back(Grouping::kRating, row->integer(3));
  for (const auto& [grouping, key] : groups) {
    count_in_group(grouping, key, delta);
    if (delta < 0) log_change(ChangeRow::What::kLostName, asset, 0, grouping, key, row->text(4));
  }
  count_in_group(Grouping::kYear, Day{Day::from_key(day).year, 0, 0}.key(), delta);
}

void Writer::log_change(ChangeRow::What what, int64_t asset, int64_t version, Grouping grouping, int64_t key,
                        std::string_view name) {
  db::Use row(
      statement("INSERT INTO change (at_ns, what, asset_id, version_id, grouping, key, name) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  row->bind_all(now_ns_, static_cast<int64_t>(what), asset, version, static_cast<int64_t>(grouping), key, name);
  row->run();
}

void Writer::finish() {
  pair_camera_proxies();
  finish_groups();
  finish_assets();
  finish_recent();
  // Ids rise with time: the walk ends at the first row that stays, and the newest row always stays.
  statement("DELETE FROM change WHERE id < (SELECT id FROM change WHERE at_ns >= ?1 ORDER BY id LIMIT 1)")
      .bind_all(now_ns_ - kFeedKeptNs)
      .run();
}

void Writer::finish_groups() {
  for (const auto& [group, delta] : group_counts_) {
    const auto [grouping, key] = group;
    db::Use row(
        statement("INSERT INTO shelf (grouping, key, assets, changed_ns) VALUES (?1, ?2, ?3, ?4) "
                  "ON CONFLICT (grouping, key) DO UPDATE SET assets = assets + ?3, changed_ns = ?4 "
                  "RETURNING assets"));
    row->bind_all(static_cast<int64_t>(grouping), key, delta, now_ns_);
    const int64_t assets = row->step() ? row->integer(0) : 0;
    row->run();
    changed_groups_.emplace(grouping, key);
    // A day or year that appears or empties is news for the folder above it.
    const bool turned = assets == delta || assets == 0;
    if (!turned || (grouping != Grouping::kDay && grouping != Grouping::kYear)) continue;
    const Day day = Day::from_key(key);
    const int64_t above = grouping == Grouping::kDay ? Day{day.year, 0, 0}.key() : 0;
    log_change(ChangeRow::What::kNewGroup, 0, 0, Grouping::kYear, above, day.text());
    changed_groups_.emplace(Grouping::kYear, above);
  }
  for (const auto& [grouping, key] : changed_groups_) {
    switch (grouping) {
      case Grouping::kFolder:
        statement("UPDATE folder SET changed_ns = ?2 WHERE id = ?1").bind_all(key, now_ns_).run();
        break;
      case Grouping::kTag:
        statement("UPDATE tag SET changed_ns = ?2 WHERE id = ?1").bind_all(key, now_ns_).run();
        break;
      case Grouping::kAlbum:
        statement("UPDATE album SET changed_ns = ?2 WHERE id = ?1").bind_all(key, now_ns_).run();
        break;
      default:
        if (grouping == Grouping::kCamera && key != 0) {
          statement("UPDATE camera SET changed_ns = ?2 WHERE id = ?1").bind_all(key, now_ns_).run();
        }
        statement(
            "INSERT INTO shelf (grouping, key, assets, changed_ns) VALUES (?1, ?2, 0, ?3) "
            "ON CONFLICT (grouping, key) DO UPDATE SET changed_ns = ?3")
            .bind_all(static_cast<int64_t>(grouping), key, now_ns_)
            .run();
    }
    log_change(ChangeRow::What::kGroup, 0, 0, grouping, key, "");
  }
}

void Writer::finish_assets() {
  for (const auto& [asset, old_version] : touched_assets_) {
    statement(
        "UPDATE asset SET changed_ns = ?2, names = "
        "(SELECT count(*) FROM folder_entry WHERE asset_id = ?1) + "
        "(SELECT count(*) FROM asset_tag WHERE asset_id = ?1) + "
        "(SELECT count(*) FROM album_item WHERE asset_id = ?1) + "
        "2 + (camera_id IS NOT NULL) + coalesce(rating BETWEEN 1 AND 5, 0) WHERE id = ?1")
        .bind_all(asset, now_ns_)
        .run();
    if (!new_assets_.contains(asset)) statement("DELETE FROM asset_search WHERE rowid = ?1").bind_all(asset).run();
    statement(
        "INSERT INTO asset_search (rowid, names, title, description, tags, camera) SELECT a.id, "
        "a.label || ' ' || coalesce((SELECT group_concat(name, ' ') FROM folder_entry WHERE asset_id = a.id), ''), "
        "coalesce(x.title, ''), coalesce(x.description, ''), "
        "coalesce((WITH RECURSIVE up (id) AS (SELECT tag_id FROM asset_tag WHERE asset_id = a.id "
        "UNION SELECT t.parent_id FROM tag t JOIN up USING (id) WHERE t.parent_id > 1) "
        "SELECT group_concat(tag.name, ' ') FROM tag JOIN up USING (id)), ''), "
        "coalesce(c.name, '') FROM asset a LEFT JOIN asset_text x ON x.asset_id = a.id "
        "LEFT JOIN camera c ON c.id = a.camera_id WHERE a.id = ?1")
        .bind_all(asset)
        .run();
    log_change(ChangeRow::What::kAsset, asset, old_version, Grouping::kFolder, 0, "");
  }
}

// recent/ shows the newest assets. Those that newer ones push out lose a name there.
void Writer::finish_recent() {
  if (new_assets_.empty()) return;
  const int64_t old_floor = database_.integer("SELECT value FROM counter WHERE name = 'recent_floor'");
  const int64_t new_floor = std::max<int64_t>(
      1, database_.integer(fmt::format("SELECT id FROM asset ORDER BY id DESC LIMIT 1 OFFSET {}", kRecentCount - 1)));
  if (new_floor > old_floor) {
    statement("UPDATE counter SET value = ?1 WHERE name = 'recent_floor'").bind_all(new_floor).run();
    statement(
        "INSERT INTO change (at_ns, what, asset_id, version_id, grouping, key, name) "
        "SELECT ?1, 2, id, 0, 9, 0, label FROM asset WHERE id >= ?2 AND id < ?3 AND id < ?4 ORDER BY id")
        .bind_all(now_ns_, old_floor, new_floor, *new_assets_.begin())
        .run();
  }
  statement(
      "INSERT INTO shelf (grouping, key, assets, changed_ns) VALUES (9, 0, 0, ?1) "
      "ON CONFLICT (grouping, key) DO UPDATE SET changed_ns = ?1")
      .bind_all(now_ns_)
      .run();
  log_change(ChangeRow::What::kGroup, 0, 0, Grouping::kRecent, 0, "");
}

}  // namespace damfs
