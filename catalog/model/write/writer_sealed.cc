// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files that were written through the mount: their versions, times and attributes.

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/write/writer.h"

namespace damfs {

int64_t Writer::reserve_versions(int64_t count) {
  const int64_t last = database_.integer("SELECT seq FROM sqlite_sequence WHERE name = 'version'");
  if (last == 0) {
    statement("INSERT INTO sqlite_sequence (name, seq) VALUES ('version', ?1)").bind_all(count).run();
  } else {
    statement("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'version'").bind_all(last + count).run();
  }
  return last + 1;
}

void Writer::keep_draft(const KeptDraft& draft) {
  statement(
      "INSERT OR REPLACE INTO draft (version, view, key, name, mtime_ns, mode, uid, gid, begun_from) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind_all(draft.version, draft.view, draft.key, std::string_view(draft.name), draft.mtime_ns,
                draft.ownership.mode, draft.ownership.uid, draft.ownership.gid, draft.begun_from)
      .run();
}

void Writer::forget_draft(int64_t version) {
  statement("DELETE FROM draft WHERE version = ?1").bind_all(version).run();
}

std::optional<int64_t> Writer::asset_with(const Digest& sha256, const Ownership& owner, std::string_view label) {
  // What nobody set is the mount's, and that is most often whom this process belongs to.
  const auto us = static_cast<int64_t>(::geteuid());
  const int64_t blob = blob_with(sha256);
  for (const std::string_view sql :
       // By that name an empty file is meant, too, though it is nobody's copy.
       {std::string_view(
            "SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id WHERE a.label_key = ?2 AND "
            "v.blob_id = ?1 AND a.state = 0 AND a.link IS NULL AND coalesce(a.uid, ?4) = coalesce(?3, ?4)"),
        std::string_view(
            "SELECT id FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0 AND ?2 <> '' AND "
            "coalesce(uid, ?4) = coalesce(?3, ?4) ORDER BY id LIMIT 1")}) {
    db::Use row(statement(sql));
    row->bind_all(blob, std::string_view(fold(label)), owner.uid, us);
    if (row->step()) return row->integer(0);
  }
  return std::nullopt;
}

std::optional<int64_t> Writer::oldest_with(const Digest& sha256) {
  const int64_t oldest =
      count_of("SELECT id FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0 ORDER BY id LIMIT 1",
               blob_with(sha256));
  return oldest == 0 ? std::nullopt : std::optional(oldest);
}

int64_t Writer::current_version(int64_t asset) { return count_of("SELECT version_id FROM asset WHERE id = ?1", asset); }

void Writer::show_version(int64_t asset, int64_t version, const MediaFacts& facts) {
  int64_t size = 0;
  int64_t mtime_ns = 0;
  {
    db::Use row(statement("SELECT b.size, v.mtime_ns FROM version v JOIN blob b ON b.id = v.blob_id WHERE v.id = ?1"));
    row->bind_all(version);
    if (row->step()) {
      size = row->integer(0);
      mtime_ns = row->integer(1);
    }
  }
  move_asset_in_groups(asset, -1);
  set_version(asset, version, facts, size, mtime_ns);
  move_asset_in_groups(asset, +1);
}

void Writer::adopt_version(int64_t asset, int64_t version, const MediaFacts& facts) {
  const int64_t before = current_version(asset);
  auto& told = touched_assets_[asset];
  if (told == 0) told = before;
  show_version(asset, version, facts);
  log_changed_versions(asset);
  record({Step::What::kVersion, asset, 0, std::to_string(before), std::to_string(version)});
}

void Writer::set_owner_of_version(int64_t version, int64_t asset, int64_t number) {
  const std::string before = owner_of_version(version);
  const int64_t owner = count_of("SELECT asset_id FROM version WHERE id = ?1", version);
  log_removed_version(version, owner);
  touched_assets_.try_emplace(owner, 0);
  touched_assets_.try_emplace(asset, 0);
  statement(
      "UPDATE version SET asset_id = ?2, number = iif(?3 > 0, ?3, (SELECT last_version + 1 FROM asset WHERE id = ?2)) "
      "WHERE id = ?1")
      .bind_all(version, asset, number)
      .run();
  statement(
      "UPDATE asset SET last_version = max(last_version, (SELECT number FROM version WHERE id = ?1)) WHERE id = ?2")
      .bind_all(version, asset)
      .run();
  record({Step::What::kOwner, asset, version, before, owner_of_version(version)});
}

std::string Writer::owner_of_version(int64_t version) {
  return fmt::format("{}/{}", count_of("SELECT asset_id FROM version WHERE id = ?1", version),
                     count_of("SELECT number FROM version WHERE id = ?1", version));
}

bool Writer::restore_owner(const Step& step) {
  const auto place = place_from_text(step.before);
  int64_t asset = 0;
  int64_t number = 0;
  std::from_chars(step.before.data(), step.before.data() + step.before.size(), asset);
  if (place) std::from_chars(place->name.data(), place->name.data() + place->name.size(), number);
  const int64_t owner = count_of("SELECT asset_id FROM version WHERE id = ?1", step.group);
  const bool is_current = current_version(owner) == step.group && state_of_asset(owner) != AssetState::kAbsorbed;
  if (is_current || label_of(asset).empty()) return false;
  {
    db::Use taken(statement("SELECT 1 FROM version WHERE asset_id = ?1 AND number = ?2"));
    taken->bind_all(asset, number);
    if (taken->step()) number = 0;
  }
  set_owner_of_version(step.group, asset, number);
  return true;
}

void Writer::log_changed_versions(int64_t asset) {
  changed_groups_.emplace(Grouping::kVersions, 0);
  log_change(ChangeRow::What::kNewGroup, 0, 0, Grouping::kVersions, 0, label_of(asset));
}

void Writer::log_removed_version(int64_t version, int64_t asset) {
  const std::string name = version_name(count_of("SELECT number FROM version WHERE id = ?1", version), label_of(asset));
  log_change(ChangeRow::What::kLostName, asset, version, Grouping::kVersions, asset, name);
  log_changed_versions(asset);
}

bool Writer::restore_version(const Step& step) {
  int64_t version = 0;
  std::from_chars(step.before.data(), step.before.data() + step.before.size(), version);
  if (count_of("SELECT asset_id FROM version WHERE id = ?1", version) != step.asset) return false;
  adopt_version(step.asset, version, technical_facts(count_of("SELECT blob_id FROM version WHERE id = ?1", version)));
  return true;
}

bool Writer::revert(int64_t asset, int64_t version) {
  if (count_of("SELECT asset_id FROM version WHERE id = ?1", version) != asset) return false;
  const int64_t blob = count_of("SELECT blob_id FROM version WHERE id = ?1", version);
  const int64_t mtime_ns = count_of("SELECT mtime_ns FROM version WHERE id = ?1", version);
  if (current_version(asset) == version) return false;
  adopt_version(asset, add_version(asset, blob, mtime_ns), technical_facts(blob));
  return true;
}

// --- sealing --------------------------------------------------------------------------------------------

// A file that goes on being written after it was catalogued once: nobody was told of that state as of a final one.
bool Writer::amend(const SealedFile& file, const EntryRow& entry, int64_t blob) {
  if (file.version == 0 || current_version(entry.asset) != file.version) return false;
  const int64_t before = count_of("SELECT blob_id FROM version WHERE id = ?1", file.version);
  if (file.keeps_before && before != blob) keep_before(entry.asset, file.version, before);
  statement("UPDATE version SET blob_id = ?2, mtime_ns = ?3 WHERE id = ?1")
      .bind_all(file.version, blob, file.mtime_ns)
      .run();
  move_asset_in_groups(entry.asset, -1);
  set_version(entry.asset, file.version, technical_facts(blob), file.size, file.mtime_ns);
  move_asset_in_groups(entry.asset, +1);
  touched_assets_[entry.asset] = file.version;
  // Its number stays, so other mounts' kernels would go on showing the pages that they have.
  if (before != blob) log_change(ChangeRow::What::kBytes, entry.asset, file.version, Grouping::kAll, 0, "");
  if (count_of("SELECT count(*) FROM version WHERE asset_id = ?1", entry.asset) == 1) {
    unlink_copy(entry.asset);  // what it was said to be a copy of, it was not yet all of
    link_copy(entry.asset, file.copy_of);
  }
  if (before != blob) drop_blob_if_unused(before);
  return true;
}

// Under its number, for it came before; the version itself is then the next.
void Writer::keep_before(int64_t asset, int64_t version, int64_t blob) {
  const int64_t number = count_of("SELECT number FROM version WHERE id = ?1", version);
  const int64_t mtime_ns = count_of("SELECT mtime_ns FROM version WHERE id = ?1", version);
  const int64_t kept = add_version(asset, blob, mtime_ns);
  const int64_t next = count_of("SELECT number FROM version WHERE id = ?1", kept);
  constexpr std::string_view kRenumber = "UPDATE version SET number = ?2 WHERE id = ?1";
  constexpr int64_t kNobodys = int64_t{1} << 40;
  statement(kRenumber).bind_all(kept, kNobodys).run();
  statement(kRenumber).bind_all(version, next).run();
  statement(kRenumber).bind_all(kept, number).run();
  log_changed_versions(asset);
  record({Step::What::kVersion, asset, 0, std::to_string(kept), std::to_string(version)});
}

void Writer::drop_blob_if_unused(int64_t blob) {
  if (count_of("SELECT count(*) FROM version WHERE blob_id = ?1", blob) != 0) return;
  const int64_t size = count_of("SELECT size FROM blob WHERE id = ?1", blob);
  remove_pack(blob);
  for (const char* sql : {"DELETE FROM technical WHERE blob_id = ?1", "DELETE FROM technical_video WHERE blob_id = ?1",
                          "DELETE FROM technical_audio WHERE blob_id = ?1",
                          "DELETE FROM technical_sidecar WHERE blob_id = ?1", "DELETE FROM location WHERE blob_id = ?1",
                          "DELETE FROM damage WHERE blob_id = ?1", "DELETE FROM technical_words WHERE blob_id = ?1",
                          "DELETE FROM metadata WHERE blob_id = ?1", "DELETE FROM blob WHERE id = ?1"}) {
    statement(sql).bind_all(blob).run();
  }
  statement(
      "UPDATE counter SET value = value - CASE name WHEN 'blobs' THEN 1 ELSE ?1 END "
      "WHERE name IN ('blobs', 'original_bytes')")
      .bind_all(size)
      .run();
}

IncomingFile Writer::incoming_of(const SealedFile& file, std::string_view name) {
  IncomingFile incoming;
  incoming.sha256 = file.sha256;
  incoming.size = file.size;
  incoming.mtime_ns = file.mtime_ns;
  incoming.version = unused_version(file.version);
  incoming.name = name;
  incoming.facts = file.facts;
  return incoming;
}

FiledAs Writer::seal_over(const SealedFile& file, const EntryRow& entry, int64_t blob) {
  if (amend(file, entry, blob)) return {Filed::kNewVersion, entry.asset, {}};
  const bool same = count_of("SELECT v.blob_id FROM asset a JOIN version v ON v.id = a.version_id WHERE a.id = ?1",
                             entry.asset) == blob;
  if (same) {
    set_mtime(entry.asset, file.mtime_ns);
    return {Filed::kKnown, entry.asset, {}};
  }
  changed_groups_.emplace(Grouping::kFolder, entry.folder);
  return replace_entry(entry.id, entry.asset, incoming_of(file, entry.name), blob);
}

FiledAs Writer::seal_version(const SealedFile& file, int64_t asset) {
  EntryRow entry;
  {
    db::Use row(statement("SELECT id, folder_id, name FROM folder_entry WHERE asset_id = ?1 ORDER BY id LIMIT 1"));
    row->bind_all(asset);
    if (!row->step()) fail(ENOENT, "that file was removed while it was written");
    entry = {row->integer(0), row->integer(1), std::string(row->text(2)), asset};
  }
  const int64_t blob = add_sealed_blob(file);
  if (amend(file, entry, blob)) return {Filed::kNewVersion, asset, {}};
  if (count_of("SELECT blob_id FROM version WHERE id = ?1", current_version(asset)) == blob) {
    return {Filed::kKnown, asset, {}};
  }
  const MediaFacts facts = file.facts != nullptr ? *file.facts : technical_facts(blob);
  adopt_version(asset, add_version(asset, blob, file.mtime_ns, unused_version(file.version)), facts);
  describe_again(asset, facts);
  return {Filed::kNewVersion, asset, {}};
}

std::optional<int64_t> Writer::member_called(Grouping grouping, int64_t group, std::string_view label) {
  int64_t asset = 0;
  {
    db::Use row(statement("SELECT id FROM asset WHERE label_key = ?1 AND state = 0"));
    row->bind_all(std::string_view(fold(label)));
    if (!row->step()) return std::nullopt;
    asset = row->integer(0);
  }
  const auto has = [&](std::string_view sql) {
    db::Use row(statement(sql));
    row->bind_all(asset, group);
    return row->step();
  };
  bool is_member = false;
  if (grouping == Grouping::kTag) is_member = has("SELECT 1 FROM asset_tag WHERE asset_id = ?1 AND tag_id = ?2");
  if (grouping == Grouping::kAlbum) is_member = has("SELECT 1 FROM album_item WHERE asset_id = ?1 AND album_id = ?2");
  if (grouping == Grouping::kRating) is_member = has("SELECT 1 FROM asset WHERE id = ?1 AND rating = ?2");
  return is_member ? std::optional(asset) : std::nullopt;
}

// A number that went into the catalog already, of a file that two wrote at once, is nobody's any more.
int64_t Writer::unused_version(int64_t version) {
  return count_of("SELECT count(*) FROM version WHERE id = ?1", version) == 0 ? version : 0;
}

int64_t Writer::add_sealed_blob(const SealedFile& file) {
  if (const int64_t known = blob_with(file.sha256)) return known;
  const MediaFacts unseen;
  IncomingFile incoming;
  incoming.sha256 = file.sha256;
  incoming.size = file.size;
  incoming.data_bytes = file.data_bytes;
  incoming.facts = file.facts != nullptr ? file.facts : &unseen;
  const int64_t blob = add_blob(incoming);
  if (file.facts == nullptr) statement("UPDATE technical SET probe = 0 WHERE blob_id = ?1").bind_all(blob).run();
  return blob;
}

FiledAs Writer::seal(const SealedFile& file, int64_t folder, std::string_view name) {
  if (folder != 1 && !node_of(tree(Grouping::kFolder), folder)) {
    fail(ENOENT, "the folder of '{}' was removed while it was written", printable(name));
  }
  const bool is_known = blob_with(file.sha256) != 0;
  const int64_t blob = add_sealed_blob(file);
  FiledAs filed;
  auto entry = entry_at(folder, name);
  if (entry && is_link(entry->asset)) {
    trash_entry(*entry, act_ ? act_->uid : 0);
    entry.reset();
  }
  if (entry) {
    filed = seal_over(file, *entry, blob);
  } else {
    const MediaFacts facts = file.facts != nullptr ? *file.facts : technical_facts(blob);
    filed = {is_known ? Filed::kNewCopy : Filed::kNewAsset, add_asset(incoming_of(file, name), blob, facts), {}};
    add_entry(folder, name, filed.asset);
    link_copy(filed.asset, file.copy_of);
  }
  set_ownership(filed.asset, file.ownership);
  filed.path = join_path(folder_path(folder), name);
  return filed;
}

// --- times, modes, attributes ---------------------------------------------------------------------------

void Writer::set_mtime(int64_t asset, int64_t mtime_ns) {
  const int64_t version = current_version(asset);
  if (count_of("SELECT mtime_ns FROM version WHERE id = ?1", version) == mtime_ns) return;
  move_asset_in_groups(asset, -1);
  statement("UPDATE version SET mtime_ns = ?2 WHERE id = ?1").bind_all(version, mtime_ns).run();
  statement("UPDATE asset SET mtime_ns = ?2 WHERE id = ?1").bind_all(asset, mtime_ns).run();
  // Where nothing else told when it was taken, that is its date.
  put_date(asset,
           date_of(asset, technical_facts(count_of("SELECT blob_id FROM version WHERE id = ?1", version)), mtime_ns));
  move_asset_in_groups(asset, +1);
  touched_assets_.try_emplace(asset, 0);
}

void Writer::set_ownership(int64_t asset, const Ownership& ownership) {
  if (!ownership.mode && !ownership.uid && !ownership.gid) return;
  statement(
      "UPDATE asset SET mode = coalesce(?2, mode), uid = coalesce(?3, uid), gid = coalesce(?4, gid) WHERE id = ?1")
      .bind_all(asset, ownership.mode, ownership.uid, ownership.gid)
      .run();
  touched_assets_.try_emplace(asset, 0);
  log_members_rights(asset);
}

// Whose a file is, and who may do what with it, moves with it.
void Writer::copy_ownership(int64_t from, int64_t to) {
  statement("UPDATE asset SET (mode, uid, gid) = (SELECT mode, uid, gid FROM asset WHERE id = ?1) WHERE id = ?2")
      .bind_all(from, to)
      .run();
  touched_assets_.try_emplace(to, 0);
  log_members_rights(to);
}

void Writer::set_folder(int64_t folder, const Ownership& ownership, std::optional<int64_t> mtime_ns) {
  const int64_t gate = gate_of(folder);
  statement(
      "UPDATE folder SET mode = coalesce(?2, mode), uid = coalesce(?3, uid), gid = coalesce(?4, gid), "
      "mtime_ns = coalesce(?5, mtime_ns, changed_ns), changed_ns = ?6 WHERE id = ?1")
      .bind_all(folder, ownership.mode, ownership.uid, ownership.gid, mtime_ns, now_ns_)
      .run();
  gates_.clear();
  if (gate_of(folder) != gate) reach_changes_below(folder);
  log_change(ChangeRow::What::kGroup, 0, 0, Grouping::kFolder, folder, "");
}

void Writer::set_attribute(int64_t asset, std::string_view name, std::string_view value) {
  db::Use row(statement("INSERT OR REPLACE INTO attribute (asset_id, name, value) VALUES (?1, ?2, ?3)"));
  row->bind(1, asset).bind(2, name).bind_blob(3, value);
  row->run();
  touched_assets_.try_emplace(asset, 0);
}

bool Writer::has_attribute(int64_t asset, std::string_view name) {
  db::Use row(statement("SELECT 1 FROM attribute WHERE asset_id = ?1 AND name = ?2"));
  row->bind_all(asset, name);
  return row->step();
}

bool Writer::remove_attribute(int64_t asset, std::string_view name) {
  db::Use row(statement("DELETE FROM attribute WHERE asset_id = ?1 AND name = ?2 RETURNING 1"));
  row->bind_all(asset, name);
  if (!row->step()) return false;
  row->run();
  touched_assets_.try_emplace(asset, 0);
  return true;
}

}  // namespace damfs
