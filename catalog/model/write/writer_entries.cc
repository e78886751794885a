// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Names in originals/, and the trash that they go to.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr StatementName kTagsOf = "tags_of_asset_in_order";
constexpr StatementName kAlbumsOf = "albums_of_asset_in_order";

}  // namespace

std::optional<EntryRow> Writer::entry_at(int64_t folder, std::string_view name) {
  db::Use row(statement("entry_at"));
  row->bind_all(folder, name);
  if (!row->step()) return std::nullopt;
  return EntryRow{row->integer(0), folder, std::string(name), row->integer(1)};
}

int64_t Writer::count_of(StatementName name, int64_t id) {
  db::Use row(statement(name));
  row->bind_all(id);
  return row->step() ? row->integer(0) : 0;
}

int64_t Writer::add_entry(int64_t folder, std::string_view name, int64_t asset) {
  if (entry_at(folder, name) || find_child(tree(Grouping::kFolder), folder, name) != 0) {
    fail(EEXIST, "there is a '{}' in that folder already", printable(name));
  }
  db::Use row(statement("add_entry"));
  row->bind_all(folder, name, std::string_view(nfc(name)), asset);
  row->run();
  const int64_t entry = database_.last_insert_id();
  new_entries_.push_back({folder, std::string(name), asset});
  record({Step::What::kEntry, asset, folder, "", std::string(name)});
  settle_state(asset);
  touched_assets_.try_emplace(asset, 0);
  changed_groups_.emplace(Grouping::kFolder, folder);
  return entry;
}

void Writer::move_entry(const EntryRow& entry, int64_t folder, std::string_view name) {
  if (find_child(tree(Grouping::kFolder), folder, name) != 0) {
    fail(EISDIR, "there is a folder '{}' there", printable(name));
  }
  statement("move_entry").bind_all(entry.id, folder, name, std::string_view(nfc(name))).run();
  if (folder == entry.folder) {
    record({Step::What::kEntry, entry.asset, folder, entry.name, std::string(name)});
  } else {
    // The new name first: undone in reverse, the asset is never without a name.
    record({Step::What::kEntry, entry.asset, folder, "", std::string(name)});
    record({Step::What::kEntry, entry.asset, entry.folder, entry.name, ""});
  }
  log_change(ChangeRow::What::kLostName, entry.asset, 0, Grouping::kFolder, entry.folder, entry.name);
  new_entries_.push_back({folder, std::string(name), entry.asset});
  touched_assets_.try_emplace(entry.asset, 0);
  changed_groups_.emplace(Grouping::kFolder, entry.folder);
  changed_groups_.emplace(Grouping::kFolder, folder);
}

void Writer::remove_entry(const EntryRow& entry) {
  statement("drop_entry").bind_all(entry.id).run();
  record({Step::What::kEntry, entry.asset, entry.folder, entry.name, ""});
  log_change(ChangeRow::What::kLostName, entry.asset, 0, Grouping::kFolder, entry.folder, entry.name);
  settle_state(entry.asset);
  touched_assets_.try_emplace(entry.asset, 0);
  changed_groups_.emplace(Grouping::kFolder, entry.folder);
}

// --- the trash ------------------------------------------------------------------------------------------

std::string Writer::free_trash_name(std::string_view name) {
  std::string candidate = portable_name(name);
  for (int number = 2;; ++number) {
    db::Use row(statement("is_name_in_trash"));
    row->bind_all(std::string_view(fold(candidate)));
    if (!row->step()) return candidate;
    candidate = with_suffix(portable_name(name), fmt::format("~{}", number));
    if (number != 16) continue;
    // The same name again and again: not one by one from the beginning each time.
    number = 16 + static_cast<int>(value_of("last_trash"));
  }
}

void Writer::insert_trash(const TrashRow& row) {
  db::Use insert(statement("add_trash"));
  insert->bind_all(row.id == 0 ? std::nullopt : std::optional(row.id), row.asset, std::string_view(row.name),
                   std::string_view(fold(row.name)), std::string_view(row.folder), std::string_view(row.original_name),
                   row.deleted_ns, row.uid, int64_t{row.is_hidden});
  insert->run();
  const int64_t id = row.id == 0 ? database_.last_insert_id() : row.id;
  record({Step::What::kTrash, row.asset, id, "", to_text(row)});
  touched_assets_.try_emplace(row.asset, 0);
  changed_groups_.emplace(Grouping::kTrash, 0);
}

int64_t Writer::trash_entry(const EntryRow& entry, int64_t uid, std::string_view trash_name) {
  TrashRow row;
  row.asset = entry.asset;
  row.name = free_trash_name(trash_name.empty() ? std::string_view(entry.name) : trash_name);
  row.folder = folder_path(entry.folder);
  row.original_name = entry.name;
  row.deleted_ns = now_ns_;
  row.uid = uid;
  insert_trash(row);
  remove_entry(entry);
  return value_of("last_trash");
}

// And acts that had no others. The statement tells which acts they were of.
template <typename... Keys>
void Writer::forget_steps(StatementName name, const Keys&... keys) {
  std::vector<int64_t> acts;
  {
    db::Use rows(statement(name));
    rows->bind_all(keys...);
    while (rows->step()) acts.push_back(rows->integer(0));
  }
  for (const int64_t act : acts) {
    statement("drop_act_without_steps").bind_all(act).run();
  }
}

bool Writer::trash_short_lived(const EntryRow& entry, int64_t uid) {
  const bool is_last = count_of("count_of_entries", entry.asset) == 1;
  const bool is_somebodys = count_of("has_place_beside_entries", entry.asset) != 0;
  if (is_last && is_somebodys) return false;
  if (!is_last) {
    // Another name keeps it.
    remove_entry(entry);
    forget_steps("drop_steps_of_new_entry", entry.asset, entry.folder, std::string_view(entry.name));
    return true;
  }
  TrashRow row;
  row.asset = entry.asset;
  row.name = free_trash_name(entry.name);
  row.folder = folder_path(entry.folder);
  row.original_name = entry.name;
  row.deleted_ns = now_ns_;
  row.uid = uid;
  row.is_hidden = true;
  insert_trash(row);
  remove_entry(entry);
  forget_steps("drop_steps_of_asset", entry.asset);
  return true;
}

std::optional<TrashRow> Writer::trash_row(int64_t id) {
  db::Use row(statement("trash_to_restore"));
  row->bind_all(id);
  if (!row->step()) return std::nullopt;
  return TrashRow{
      row->integer(0), row->integer(1), std::string(row->text(2)), std::string(row->text(3)), std::string(row->text(4)),
      row->integer(5), row->integer(6)};
}

void Writer::drop_trash(int64_t trash) {
  const auto row = trash_row(trash);
  if (!row) return;
  statement("drop_trash").bind_all(trash).run();
  record({Step::What::kTrash, row->asset, trash, to_text(*row), ""});
  log_change(ChangeRow::What::kLostName, row->asset, 0, Grouping::kTrash, 0, row->name);
  touched_assets_.try_emplace(row->asset, 0);
  changed_groups_.emplace(Grouping::kTrash, 0);
}

void Writer::restore_entry(const TrashRow& trash, int64_t folder, std::string_view name) {
  add_entry(folder, name, trash.asset);
  drop_trash(trash.id);
}

// --- live or not ----------------------------------------------------------------------------------------

AssetState Writer::state_of_asset(int64_t asset) { return static_cast<AssetState>(count_of("state_of_asset", asset)); }

void Writer::settle_state(int64_t asset) {
  if (state_of_asset(asset) == AssetState::kAbsorbed) return;
  const bool named = count_of("count_of_entries", asset) > 0;
  set_state(asset, named ? AssetState::kLive : AssetState::kTrashed);
}

// What leaves takes its names out of all views but keeps its tags and albums, for when it comes back.
void Writer::set_state(int64_t asset, AssetState state) {
  const AssetState before = state_of_asset(asset);
  if (before == state) return;
  const bool leaves = before == AssetState::kLive;
  if (leaves) move_asset_in_groups(asset, -1);
  statement("set_state").bind_all(asset, static_cast<int64_t>(state)).run();
  if (state == AssetState::kLive) move_asset_in_groups(asset, +1);
  touched_assets_.try_emplace(asset, 0);
  if (!leaves && state != AssetState::kLive) return;
  log_changed_versions(asset);
  const std::string label = label_of(asset);
  std::vector<std::pair<Grouping, int64_t>> groups = {{Grouping::kRecent, 0}};
  const auto gather = [&](Grouping grouping, StatementName name) {
    db::Use rows(statement(name));
    rows->bind_all(asset);
    while (rows->step()) groups.emplace_back(grouping, rows->integer(0));
  };
  gather(Grouping::kTag, "tags_of_asset_any_order");
  gather(Grouping::kAlbum, "albums_of_asset_any_order");
  for (const auto& [grouping, key] : groups) {
    changed_groups_.emplace(grouping, key);
    if (leaves) log_change(ChangeRow::What::kLostName, asset, 0, grouping, key, label);
  }
}

// --- one name's state taken by another's -----------------------------------------------------------------

std::vector<int64_t> Writer::tags_of(int64_t asset) { return ids(kTagsOf, asset); }

void Writer::absorb(const EntryRow& over, const EntryRow& entry) {
  const int64_t version = current_version(entry.asset);
  const int64_t blob = count_of("blob_of_version", version);
  add_places_of(entry.asset, over.asset);
  remove_entry(entry);
  set_state(entry.asset, AssetState::kAbsorbed);
  record({Step::What::kState, entry.asset, 0, "0", "2"});
  // All of them, so that none is left where nothing leads to, and the newest keeps its number under the name it gets.
  for (const int64_t each : ids("ids_of_versions_in_order", entry.asset)) {
    set_owner_of_version(each, over.asset);
  }
  const MediaFacts facts = technical_facts(blob);
  adopt_version(over.asset, version, facts);
  describe_again(over.asset, facts);
  copy_ownership(entry.asset, over.asset);
}

// What people said of the one is true of the other.
void Writer::add_places_of(int64_t asset, int64_t to) {
  for (const int64_t tag : tags_of(asset)) add_tag(to, tag);
  for (const int64_t album : ids(kAlbumsOf, asset)) add_to_album(to, album);
}

void Writer::replace_entry_by(const EntryRow& over, const EntryRow& entry) {
  if (over.asset == entry.asset) return remove_entry(entry);
  // Neither a link nor what it replaces is a state of the other.
  if (is_link(over.asset) || is_link(entry.asset)) {
    trash_entry(over, act_ ? act_->uid : 0);
    return move_entry(entry, over.folder, over.name);
  }
  constexpr StatementName kNames = "count_of_entries";
  const bool over_is_its_only_name = count_of(kNames, over.asset) == 1;
  const bool entry_is_its_only_name =
      count_of(kNames, entry.asset) == 1 && count_of("count_of_trash_rows", entry.asset) == 0;
  if (over_is_its_only_name && entry_is_its_only_name) return absorb(over, entry);
  if (over_is_its_only_name) {
    const int64_t version = current_version(entry.asset);
    const int64_t blob = count_of("blob_of_version", version);
    const int64_t mtime_ns = count_of("mtime_of_version", version);
    add_places_of(entry.asset, over.asset);
    remove_entry(entry);
    adopt_version(over.asset, add_version(over.asset, blob, mtime_ns), technical_facts(blob));
    copy_ownership(entry.asset, over.asset);
    return;
  }
  // The other names of what is replaced keep what they had; what people said of it goes along.
  add_places_of(over.asset, entry.asset);
  remove_entry(over);
  move_entry(entry, over.folder, over.name);
}

// --- taking back -----------------------------------------------------------------------------------------

bool Writer::restore_entry_step(const Step& step) {
  if (step.before.empty()) {
    const auto entry = entry_at(step.group, step.after);
    if (!entry || entry->asset != step.asset) return false;
    undone_entries_.push_back(entry->id);
    if (is_sidecar_name(entry->name)) undone_sidecars_.push_back(*entry);
    const bool is_last = count_of("count_of_entries", step.asset) == 1;
    const bool is_in_trash = count_of("count_of_trash_rows", step.asset) != 0;
    if (is_last && !is_in_trash && !leaves_its_name_) {
      trash_entry(*entry, act_ ? act_->uid : 0);
    } else {
      remove_entry(*entry);
    }
    return true;
  }
  const bool folder_is_there = step.group == 1 || node_of(tree(Grouping::kFolder), step.group);
  const bool is_free =
      !entry_at(step.group, step.before) && find_child(tree(Grouping::kFolder), step.group, step.before) == 0;
  if (!folder_is_there || !is_free) return false;
  if (step.after.empty()) {
    add_entry(step.group, step.before, step.asset);
  } else {
    move_entry(*entry_at(step.group, step.after), step.group, step.before);
  }
  return true;
}

bool Writer::restore_trash_step(const Step& step) {
  if (step.before.empty()) {
    // Its name could not be given back: then it stays where it can be seen.
    const bool is_its_last_place = count_of("count_of_entries_and_trash_rows", step.asset) == 1;
    if (is_its_last_place) return false;
    drop_trash(step.group);
    return true;
  }
  auto row = trash_from_text(step.before);
  if (!row) return false;
  row->id = step.group;
  row->asset = step.asset;
  row->name = free_trash_name(row->name);
  insert_trash(*row);
  return true;
}

}  // namespace damfs
