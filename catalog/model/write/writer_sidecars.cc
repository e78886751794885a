// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What XMP sidecars say of the files beside them.

#include <algorithm>
#include <set>
#include <vector>

#include "catalog/base/names.h"
#include "catalog/media/facts.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"
#include "catalog/model/write/writer_act.h"

namespace damfs {

void Writer::add_sidecar(int64_t blob, const MediaFacts& facts) {
  SidecarWords words{std::nullopt, facts.title, facts.description, facts.tags, facts.captured, facts.sidecar_for};
  if (facts.rating.value_or(0) != 0) words.rating = facts.rating;  // 0 is how XMP says that there is none
  statement("set_technical_sidecar").bind_all(blob, std::string_view(to_text(words))).run();
}

// Either may come first, or both in one batch.
void Writer::apply_changed_sidecars() {
  if (new_entries_.empty() && changed_sidecars_.empty() && undone_sidecars_.empty()) return;
  if (value_of("any_sidecar") == 0) return;
  std::set<int64_t> assets;
  for (const NewEntry& entry : new_entries_) {
    if (is_sidecar_name(entry.name)) {
      gather_assets_named_by({0, entry.folder, entry.name, entry.asset}, assets);
    } else {
      assets.insert(entry.asset);
    }
  }
  for (const int64_t asset : changed_sidecars_) {
    db::Use rows(statement("entries_of_asset_to_write"));
    rows->bind_all(asset);
    std::vector<EntryRow> entries;
    while (rows->step()) entries.push_back({rows->integer(0), rows->integer(1), std::string(rows->text(2)), asset});
    rows->reset();
    for (const EntryRow& entry : entries) {
      if (is_sidecar_name(entry.name)) gather_assets_named_by(entry, assets);
    }
  }
  for (const int64_t asset : assets) apply_sidecar(asset);
  std::set<int64_t> left;
  for (const EntryRow& entry : undone_sidecars_) gather_assets_named_by(entry, left);
  for (const int64_t asset : left) unapply_sidecar(asset);
}

// The files that a sidecar may be of, by their names.
void Writer::gather_assets_named_by(const EntryRow& sidecar, std::set<int64_t>& assets) {
  for (const std::string& stem : spellings_of(split_extension(sidecar.name).stem)) {
    if (const auto whole = entry_at(sidecar.folder, stem)) assets.insert(whole->asset);
    // '/' comes behind '.', and is in no name.
    db::Use rows(statement("entries_named_between"));
    rows->bind_all(sidecar.folder, std::string_view(stem + "."), std::string_view(stem + "/"));
    while (rows->step()) {
      const std::string_view name = rows->text(0);
      if (split_extension(name).stem == stem && !is_sidecar_name(name)) assets.insert(rows->integer(1));
    }
  }
}

// Of this file before of its stem, then the newer.
std::optional<Writer::FoundSidecar> Writer::best_sidecar(int64_t asset) {
  std::vector<EntryRow> entries;
  {
    db::Use rows(statement("entries_of_asset_to_write"));
    rows->bind_all(asset);
    while (rows->step()) entries.push_back({rows->integer(0), rows->integer(1), std::string(rows->text(2)), asset});
  }
  std::optional<FoundSidecar> best;
  for (const EntryRow& entry : entries) {
    for (const auto& [name, form] : sidecars_of(entry.name)) {
      const auto sidecar = entry_at(entry.folder, name);
      if (!sidecar || sidecar->asset == asset) continue;
      db::Use row(statement("sidecar_of_asset"));
      row->bind_all(sidecar->asset);
      if (!row->step()) continue;
      FoundSidecar found{sidecar->asset, sidecar_from_text(row->text(0)), row->integer(1), static_cast<int>(form)};
      if (!applies_to(found.words, form, entry.name)) continue;
      const bool is_better_one =
          !best || found.rank < best->rank || (found.rank == best->rank && found.mtime_ns > best->mtime_ns);
      if (is_better_one) best = std::move(found);
    }
  }
  return best;
}

void Writer::apply_sidecar(int64_t asset) {
  const auto best = best_sidecar(asset);
  if (!best) return;
  const SidecarWords applied = applied_sidecar_words(asset);
  if (best->words == applied) return;
  // What is new with its sidecar has no former words that anybody could want back.
  std::optional<Act> act;
  if (!act_ && !new_assets_.contains(asset)) act = act_that_brought(best->asset);
  const WithinAct within(*this, act);
  // What an undo brings back, it brings back itself.
  if (!is_undoing_) merge_words(asset, applied, best->words);
  note_applied_words(asset, applied, best->words);
}

// One that was never there was never applied. Its words an undo took back itself.
void Writer::unapply_sidecar(int64_t asset) {
  const auto best = best_sidecar(asset);
  note_applied_words(asset, applied_sidecar_words(asset), best ? best->words : SidecarWords());
}

void Writer::note_applied_words(int64_t asset, const SidecarWords& applied, const SidecarWords& now) {
  statement("drop_applied_words").bind_all(asset, static_cast<int64_t>(SidecarForm::kStem)).run();
  remember_applied_words(asset, SidecarForm::kWholeName, now);
  if (now.captured != applied.captured) renew_date(asset);
}

// From whichever: an older damfs read both and noted each by itself.
SidecarWords Writer::applied_sidecar_words(int64_t asset) {
  SidecarWords whole = applied_words(asset, SidecarForm::kWholeName);
  return whole == SidecarWords() ? applied_words(asset, SidecarForm::kStem) : whole;
}

SidecarWords Writer::applied_words(int64_t asset, SidecarForm form) {
  db::Use row(statement("applied_words"));
  row->bind_all(asset, static_cast<int64_t>(form));
  return row->step() ? sidecar_from_text(row->text(0)) : SidecarWords();
}

void Writer::remember_applied_words(int64_t asset, SidecarForm form, const SidecarWords& words) {
  statement("set_applied_words").bind_all(asset, static_cast<int64_t>(form), std::string_view(to_text(words))).run();
}

void Writer::merge_words(int64_t asset, const SidecarWords& before, const SidecarWords& now) {
  const auto has = [](const SidecarWords& words, const std::string& tag) {
    return std::find(words.tags.begin(), words.tags.end(), tag) != words.tags.end();
  };
  for (const std::string& tag : before.tags) {
    if (has(now, tag)) continue;
    if (const auto group = find_group(Grouping::kTag, tag)) remove_tag(asset, *group);
  }
  for (const std::string& tag : now.tags) {
    if (!has(before, tag)) add_tag(asset, ensure_group(Grouping::kTag, tag));
  }
  if (now.rating != before.rating) set_rating(asset, now.rating);
  if (now.title != before.title) set_title(asset, now.title);
  if (now.description != before.description) set_description(asset, now.description);
}

}  // namespace damfs
