// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files that were written through the mount: their versions, times and attributes.

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {

int64_t Writer::reserve_versions(int64_t count) {
  const int64_t last = value_of("last_version_given");
  if (last == 0) {
    statement("begin_version_numbers").bind_all(count).run();
  } else {
    statement("set_last_version_given").bind_all(last + count).run();
  }
  return last + 1;
}

void Writer::keep_draft(const KeptDraft& draft) {
  statement("keep_draft")
      .bind_all(draft.version, draft.view, draft.key, std::string_view(draft.name), draft.mtime_ns,
                draft.ownership.mode, draft.ownership.uid, draft.ownership.gid, draft.begun_from)
      .run();
}

void Writer::forget_draft(int64_t version) { statement("forget_draft").bind_all(version).run(); }

std::optional<int64_t> Writer::asset_with(const Digest& sha256, const Ownership& owner, std::string_view label) {
  // What nobody set is the mount's, and that is most often whom this process belongs to.
  const auto us = static_cast<int64_t>(::geteuid());
  const int64_t blob = blob_with(sha256);
  for (const StatementName name :
       // By that name an empty file is meant, too, though it is nobody's copy.
       {StatementName("asset_labelled_with_bytes"), StatementName("oldest_owned_holder")}) {
    db::Use row(statement(name));
    row->bind_all(blob, std::string_view(fold(label)), owner.uid, us);
    if (row->step()) return row->integer(0);
  }
  return std::nullopt;
}

std::optional<int64_t> Writer::oldest_with(const Digest& sha256) {
  const int64_t oldest = count_of("oldest_holder", blob_with(sha256));
  return oldest == 0 ? std::nullopt : std::optional(oldest);
}

int64_t Writer::current_version(int64_t asset) { return count_of("current_version_of_asset", asset); }

void Writer::show_version(int64_t asset, int64_t version, const MediaFacts& facts) {
  int64_t size = 0;
  int64_t mtime_ns = 0;
  {
    db::Use row(statement("size_and_mtime_of_version"));
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
  const int64_t owner = count_of("asset_of_version", version);
  log_removed_version(version, owner);
  touched_assets_.try_emplace(owner, 0);
  touched_assets_.try_emplace(asset, 0);
  statement("set_owner_of_version").bind_all(version, asset, number).run();
  statement("raise_last_version").bind_all(version, asset).run();
  record({Step::What::kOwner, asset, version, before, owner_of_version(version)});
}

std::string Writer::owner_of_version(int64_t version) {
  return fmt::format("{}/{}", count_of("asset_of_version", version), count_of("number_of_version_given", version));
}

bool Writer::restore_owner(const Step& step) {
  const auto place = place_from_text(step.before);
  int64_t asset = 0;
  int64_t number = 0;
  std::from_chars(step.before.data(), step.before.data() + step.before.size(), asset);
  if (place) std::from_chars(place->name.data(), place->name.data() + place->name.size(), number);
  const int64_t owner = count_of("asset_of_version", step.group);
  const bool is_current = current_version(owner) == step.group && state_of_asset(owner) != AssetState::kAbsorbed;
  if (is_current || label_of(asset).empty()) return false;
  {
    db::Use taken(statement("is_version_number_taken"));
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
  const std::string name = version_name(count_of("number_of_version_given", version), label_of(asset));
  log_change(ChangeRow::What::kLostName, asset, version, Grouping::kVersions, asset, name);
  log_changed_versions(asset);
}

bool Writer::restore_version(const Step& step) {
  int64_t version = 0;
  std::from_chars(step.before.data(), step.before.data() + step.before.size(), version);
  if (count_of("asset_of_version", version) != step.asset) return false;
  adopt_version(step.asset, version, technical_facts(count_of("blob_of_version", version)));
  return true;
}

bool Writer::revert(int64_t asset, int64_t version) {
  if (count_of("asset_of_version", version) != asset) return false;
  const int64_t blob = count_of("blob_of_version", version);
  const int64_t mtime_ns = count_of("mtime_of_version", version);
  if (current_version(asset) == version) return false;
  adopt_version(asset, add_version(asset, blob, mtime_ns), technical_facts(blob));
  return true;
}

// --- sealing --------------------------------------------------------------------------------------------

// A file that goes on being written after it was catalogued once: nobody was told of that state as of a final one.
bool Writer::amend(const SealedFile& file, const EntryRow& entry, int64_t blob) {
  if (file.version == 0 || current_version(entry.asset) != file.version) return false;
  const int64_t before = count_of("blob_of_version", file.version);
  if (file.keeps_before && before != blob) keep_before(entry.asset, file.version, before);
  statement("amend_version").bind_all(file.version, blob, file.mtime_ns).run();
  move_asset_in_groups(entry.asset, -1);
  set_version(entry.asset, file.version, technical_facts(blob), file.size, file.mtime_ns);
  move_asset_in_groups(entry.asset, +1);
  touched_assets_[entry.asset] = file.version;
  // Its number stays, so other mounts' kernels would go on showing the pages that they have.
  if (before != blob) log_change(ChangeRow::What::kBytes, entry.asset, file.version, Grouping::kAll, 0, "");
  if (count_of("count_of_versions", entry.asset) == 1) {
    unlink_copy(entry.asset);  // what it was said to be a copy of, it was not yet all of
    link_copy(entry.asset, file.copy_of);
  }
  if (before != blob) drop_blob_if_unused(before);
  return true;
}

// Under its number, for it came before; the version itself is then the next.
void Writer::keep_before(int64_t asset, int64_t version, int64_t blob) {
  const int64_t number = count_of("number_of_version_given", version);
  const int64_t mtime_ns = count_of("mtime_of_version", version);
  const int64_t kept = add_version(asset, blob, mtime_ns);
  const int64_t next = count_of("number_of_version_given", kept);
  constexpr StatementName kRenumber = "set_number_of_version";
  constexpr int64_t kNobodys = int64_t{1} << 40;
  statement(kRenumber).bind_all(kept, kNobodys).run();
  statement(kRenumber).bind_all(version, next).run();
  statement(kRenumber).bind_all(kept, number).run();
  log_changed_versions(asset);
  record({Step::What::kVersion, asset, 0, std::to_string(kept), std::to_string(version)});
}

void Writer::drop_blob_if_unused(int64_t blob) {
  if (count_of("count_of_versions_of_blob", blob) != 0) return;
  const int64_t size = count_of("size_of_blob", blob);
  remove_pack(blob);
  for (const StatementName name : std::initializer_list<StatementName>{
           "drop_technical", "drop_technical_video", "drop_technical_audio", "drop_technical_sidecar", "drop_location",
           "drop_damage", "drop_technical_words", "drop_metadata", "drop_blob"}) {
    statement(name).bind_all(blob).run();
  }
  statement("count_blob_out").bind_all(size).run();
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
  const bool same = count_of("blob_of_current_version", entry.asset) == blob;
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
    db::Use row(statement("first_entry_of_asset"));
    row->bind_all(asset);
    if (!row->step()) fail(ENOENT, "that file was removed while it was written");
    entry = {row->integer(0), row->integer(1), std::string(row->text(2)), asset};
  }
  const int64_t blob = add_sealed_blob(file);
  if (amend(file, entry, blob)) return {Filed::kNewVersion, asset, {}};
  if (count_of("blob_of_version", current_version(asset)) == blob) {
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
    db::Use row(statement("live_asset_labelled"));
    row->bind_all(std::string_view(fold(label)));
    if (!row->step()) return std::nullopt;
    asset = row->integer(0);
  }
  const auto has = [&](StatementName name) {
    db::Use row(statement(name));
    row->bind_all(asset, group);
    return row->step();
  };
  bool is_member = false;
  if (grouping == Grouping::kTag) is_member = has("has_tag");
  if (grouping == Grouping::kAlbum) is_member = has("has_album");
  if (grouping == Grouping::kRating) is_member = has("has_that_rating");
  return is_member ? std::optional(asset) : std::nullopt;
}

// A number that went into the catalog already, of a file that two wrote at once, is nobody's any more.
int64_t Writer::unused_version(int64_t version) { return count_of("is_version", version) == 0 ? version : 0; }

int64_t Writer::add_sealed_blob(const SealedFile& file) {
  if (const int64_t known = blob_with(file.sha256)) return known;
  const MediaFacts unseen;
  IncomingFile incoming;
  incoming.sha256 = file.sha256;
  incoming.size = file.size;
  incoming.data_bytes = file.data_bytes;
  incoming.facts = file.facts != nullptr ? file.facts : &unseen;
  const int64_t blob = add_blob(incoming);
  if (file.facts == nullptr) statement("forget_probe_recipe").bind_all(blob).run();
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
  if (count_of("mtime_of_version", version) == mtime_ns) return;
  move_asset_in_groups(asset, -1);
  statement("set_mtime_of_version").bind_all(version, mtime_ns).run();
  statement("set_mtime_of_asset").bind_all(asset, mtime_ns).run();
  // Where nothing else told when it was taken, that is its date.
  put_date(asset, date_of(asset, technical_facts(count_of("blob_of_version", version)), mtime_ns));
  move_asset_in_groups(asset, +1);
  touched_assets_.try_emplace(asset, 0);
}

void Writer::set_ownership(int64_t asset, const Ownership& ownership) {
  if (!ownership.mode && !ownership.uid && !ownership.gid) return;
  statement("set_rights").bind_all(asset, ownership.mode, ownership.uid, ownership.gid).run();
  touched_assets_.try_emplace(asset, 0);
  log_members_rights(asset);
}

// Whose a file is, and who may do what with it, moves with it.
void Writer::copy_ownership(int64_t from, int64_t to) {
  statement("copy_rights").bind_all(from, to).run();
  touched_assets_.try_emplace(to, 0);
  log_members_rights(to);
}

void Writer::set_folder(int64_t folder, const Ownership& ownership, std::optional<int64_t> mtime_ns) {
  const int64_t gate = gate_of(folder);
  statement("set_rights_and_mtime_of_folder")
      .bind_all(folder, ownership.mode, ownership.uid, ownership.gid, mtime_ns, now_ns_)
      .run();
  gates_.clear();
  if (gate_of(folder) != gate) reach_changes_below(folder);
  log_change(ChangeRow::What::kGroup, 0, 0, Grouping::kFolder, folder, "");
}

void Writer::set_attribute(int64_t asset, std::string_view name, std::string_view value) {
  db::Use row(statement("set_attribute"));
  row->bind(1, asset).bind(2, name).bind_blob(3, value);
  row->run();
  touched_assets_.try_emplace(asset, 0);
}

bool Writer::has_attribute(int64_t asset, std::string_view name) {
  db::Use row(statement("has_attribute"));
  row->bind_all(asset, name);
  return row->step();
}

bool Writer::remove_attribute(int64_t asset, std::string_view name) {
  db::Use row(statement("drop_attribute"));
  row->bind_all(asset, name);
  if (!row->step()) return false;
  row->run();
  touched_assets_.try_emplace(asset, 0);
  return true;
}

}  // namespace damfs
