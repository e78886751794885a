// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/album_numbers.h"
#include "catalog/model/write/writer.h"

namespace damfs {

namespace {

constexpr int64_t kRecentCount = 500;
// How long the feed of changes is kept. A mount reads it four times a second; one that slept longer than this
// invalidates everything.
constexpr int64_t kFeedKeptNs = 3'600'000'000'000;

}  // namespace

bool Writer::add_tag(int64_t asset, int64_t tag) {
  {
    db::Use row(statement("is_tagged"));
    row->bind_all(tag, asset);
    if (row->step()) return false;
  }
  require_file(asset);
  statement("add_tag_to_asset").bind_all(tag, asset).run();
  record({Step::What::kTag, asset, tag, "", "1"});
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kTag, tag);
  return true;
}

bool Writer::remove_tag(int64_t asset, int64_t tag) {
  db::Use row(statement("drop_tag_of_asset"));
  row->bind_all(tag, asset);
  if (!row->step()) return false;
  log_change(ChangeRow::What::kLostName, asset, 0, Grouping::kTag, tag, row->text(0));
  row->run();
  record({Step::What::kTag, asset, tag, "1", ""});
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kTag, tag);
  return true;
}

bool Writer::add_to_album(int64_t asset, int64_t album) {
  require_by_hand(album);
  if (position_in_album(asset, album)) return false;
  require_file(asset);
  place_in_album(asset, album, last_position_in_album(album) + kAlbumGap);
  return true;
}

std::optional<int64_t> Writer::position_in_album(int64_t asset, int64_t album) {
  db::Use row(statement("position_in_album"));
  row->bind_all(album, asset);
  if (!row->step()) return std::nullopt;
  return row->integer(0);
}

// Where nothing else stands.
void Writer::place_in_album(int64_t asset, int64_t album, int64_t position) {
  statement("add_album_item").bind_all(album, position, asset).run();
  record({Step::What::kAlbum, asset, album, "", std::to_string(position)});
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kAlbum, album);
}

bool Writer::remove_from_album(int64_t asset, int64_t album) {
  require_by_hand(album);
  const auto position = position_in_album(asset, album);
  if (!position) return false;
  statement("drop_album_item").bind_all(album, asset).run();
  log_change(ChangeRow::What::kLostName, asset, 0, Grouping::kAlbum, album, label_of(asset));
  record({Step::What::kAlbum, asset, album, std::to_string(*position), ""});
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kAlbum, album);
  return true;
}

std::string Writer::label_of(int64_t asset) {
  db::Use row(statement("label_of_asset"));
  row->bind_all(asset);
  return row->step() ? std::string(row->text(0)) : std::string();
}

void Writer::count_in_group(Grouping grouping, int64_t key, int64_t delta) {
  group_counts_[{grouping, key}] += delta;
  if (delta < 0) changed_groups_.emplace(grouping, key);
}

// Adds or takes an asset to or from the groups that its row names. When it leaves, the feed says so.
void Writer::move_asset_in_groups(int64_t asset, int64_t delta) {
  if (uncounted_.contains(asset)) return;
  db::Use row(statement("counted_groups_of_asset"));
  row->bind_all(asset);
  if (!row->step()) return;
  const bool is_in_flat_views = row->integer(1) == 0;
  int column = 2;
  for (const GroupingRow& each : groupings()) {
    if (!is_counted(each)) continue;
    const int at = column++;
    if (row->is_null(at) || (each.is_flat && !is_in_flat_views)) continue;
    count_in_group(each.grouping, row->integer(at), delta);
    if (delta < 0 && each.is_name) {
      log_change(ChangeRow::What::kLostName, asset, 0, each.grouping, row->integer(at), row->text(0));
    }
  }
}

// The group that a file with those facts is in; where nobody was, it is made. 0: in none.
int64_t Writer::ensure_label(const GroupingRow& grouping, const MediaFacts& facts) {
  const std::string name = grouping.label_of(facts);
  if (name.empty()) return 0;
  const std::string key = fold(name);
  {
    db::Use row(statement_of(grouping, "{label}_with_key"));
    row->bind_all(std::string_view(key));
    if (row->step()) return row->integer(0);
  }
  statement_of(grouping, "add_{label}").bind_all(std::string_view(name), std::string_view(key), now_ns_).run();
  const int64_t label = database_.last_insert_id();
  log_change(ChangeRow::What::kNewGroup, 0, 0, grouping.grouping, 0, name);
  changed_groups_.emplace(grouping.grouping, 0);
  return label;
}

void Writer::log_change(ChangeRow::What what, int64_t asset, int64_t version, Grouping grouping, int64_t key,
                        std::string_view name) {
  db::Use row(statement("add_change"));
  row->bind_all(now_ns_, static_cast<int64_t>(what), asset, version, static_cast<int64_t>(grouping), key, name);
  row->run();
  if (first_change_ == 0) first_change_ = database_.last_insert_id();
}

Written Writer::finish() {
  pair_camera_proxies();
  apply_changed_sidecars();
  forget_undone_sources();
  settle_all_copies();
  for (const auto& [asset, old_version] : touched_assets_) name_pack(asset);
  finish_groups();
  finish_assets();
  finish_recent();
  // Ids rise with time: the walk ends at the first row that stays, and the newest row always stays.
  statement("drop_old_changes").bind_all(now_ns_ - kFeedKeptNs).run();
  Written written{act_id_, first_change_, 0};
  if (first_change_ != 0) written.last_change = value_of("last_change");
  return written;
}

db::Statement& Writer::touch_row(const GroupingRow& grouping) {
  if (grouping.form == GroupForm::kLabel) return statement_of(grouping, "touch_{label}");
  // What somebody set of a folder holds until something in it changes.
  if (grouping.grouping == Grouping::kFolder) return statement("touch_folder");
  return statement(grouping.grouping == Grouping::kTag ? StatementName("touch_tag") : StatementName("touch_album"));
}

void Writer::finish_groups() {
  for (const auto& [group, delta] : group_counts_) {
    const auto [grouping, key] = group;
    db::Use row(statement("count_in_shelf"));
    row->bind_all(static_cast<int64_t>(grouping), key, delta, now_ns_);
    const int64_t assets = row->step() ? row->integer(0) : 0;
    row->run();
    changed_groups_.emplace(grouping, key);
    // A day or year that appears or empties changes the listing of the folder above it.
    const bool turned = assets == delta || assets == 0;
    if (!turned || (grouping != Grouping::kDay && grouping != Grouping::kYear)) continue;
    const Day day = Day::from_key(key);
    const int64_t above = grouping == Grouping::kDay ? Day{day.year, 0, 0}.key() : 0;
    log_change(ChangeRow::What::kNewGroup, 0, 0, Grouping::kYear, above, day.text());
    changed_groups_.emplace(Grouping::kYear, above);
  }
  for (const auto& [grouping, key] : changed_groups_) {
    const GroupingRow& of = row_of(grouping);
    const bool is_row = of.form == GroupForm::kTree || (of.form == GroupForm::kLabel && key != 0);
    if (is_row) touch_row(of).bind_all(key, now_ns_).run();
    if (of.form != GroupForm::kTree) {
      statement("touch_shelf").bind_all(static_cast<int64_t>(grouping), key, now_ns_).run();
    }
    log_change(ChangeRow::What::kGroup, 0, 0, grouping, key, "");
  }
}

void Writer::finish_assets() {
  for (const auto& [asset, old_version] : touched_assets_) {
    statement("settle_asset").bind_all(asset, now_ns_).run();
    if (!new_assets_.contains(asset)) statement("drop_from_search").bind_all(asset).run();
    statement("add_to_search").bind_all(asset).run();
    log_change(ChangeRow::What::kAsset, asset, old_version, Grouping::kFolder, 0, "");
  }
}

// recent/ shows the newest assets. Those that newer ones push out lose a name there.
void Writer::finish_recent() {
  if (new_assets_.empty()) return;
  const int64_t old_floor = value_of("recent_floor");
  const int64_t new_floor = std::max<int64_t>(1, count_of("new_recent_floor", kRecentCount - 1));
  if (new_floor > old_floor) {
    statement("set_recent_floor").bind_all(new_floor).run();
    statement("add_changes_of_recent").bind_all(now_ns_, old_floor, new_floor, *new_assets_.begin()).run();
  }
  statement("touch_recent").bind_all(now_ns_).run();
  log_change(ChangeRow::What::kGroup, 0, 0, Grouping::kRecent, 0, "");
}

}  // namespace damfs
