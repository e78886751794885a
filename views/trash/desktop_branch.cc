// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Who sees a trash of .Trash-<uid>/, and what becomes stale in it.

#include <set>
#include <string>
#include <utility>

#include "views/frame/asker.h"
#include "views/frame/tree_context.h"
#include "views/trash/desktop_nodes.h"

namespace damfs {
namespace {

// It is in the library still, and not where it was taken from.
bool is_wanted_back(Reader& reader, const TakenOut& taken) {
  const auto asset = reader.asset(taken.asset);
  if (!asset || asset->row.state != AssetState::kLive) return false;
  bool is_there = false;
  taken.view->names_in(reader, taken.key, *asset, [&](int64_t, std::string_view) { is_there = true; });
  return !is_there;
}

}  // namespace

// Each is its uid's alone.
bool DesktopTrashBranch::shows(const Reach&, const Node& node, const Asker& asker, Wanted) const {
  const NodeId id = node.id();
  if (const auto folder = DesktopTrash::folder_of(id)) return folder->uid == asker.uid();
  if (id.is(NodeId::More::kDesktopNote)) {
    const auto note = context_.desktop_trash.note(id.file_id());
    return note && note->attributes().uid == asker.uid();
  }
  if (id.is(NodeId::More::kTakenOut)) {
    const auto taken = context_.desktop_trash.taken_out().numbered(id.file_id());
    return taken && taken->uid == asker.uid();
  }
  const auto row = context_.catalog.reader()->trash_entry(id.file_id());
  return row && row->uid == static_cast<int64_t>(asker.uid());
}

void DesktopTrashBranch::add_stale(const Changes& changes, const StaleNodes& nodes) const {
  const auto uids = context_.desktop_trash.uids(nodes.is_known);
  if (uids.empty()) return;
  std::set<std::pair<std::string, int64_t>> names;  // and the change by which they came, went or changed
  bool has_changed = false;
  const auto reader = context_.catalog.reader();
  for (const ChangeRow& change : changes.rows) {
    const bool is_of_trash = change.grouping == Grouping::kTrash;
    has_changed = has_changed || (is_of_trash && change.what == ChangeRow::What::kGroup);
    if (is_of_trash && change.what == ChangeRow::What::kLostName) names.emplace(change.name, change.id);
    if (change.what != ChangeRow::What::kAsset) continue;
    for (const auto& [id, name] : reader->trash_entries(change.asset)) names.emplace(name, change.id);
    // It came back by another road, or went for good.
    for (const TakenOut& taken : context_.desktop_trash.taken_out().of(change.asset)) {
      if (is_wanted_back(*reader, taken)) continue;
      context_.desktop_trash.taken_out().drop(taken.uid, taken.name);
      names.emplace(taken.name, change.id);
    }
  }
  if (!has_changed && names.empty()) return;
  const auto tell = [&](NodeId folder, std::string_view suffix) {
    if (!nodes.is_known(folder)) return;
    for (const auto& [name, change] : names) {
      std::string entry = name + std::string(suffix);
      if (!context_.acts.is_known(change, folder, entry))
        nodes.stale.push_back({Stale::What::kEntry, folder, std::move(entry)});
    }
    nodes.stale.push_back({Stale::What::kListing, folder, {}});
  };
  for (const uint32_t uid : uids) {
    tell(DesktopTrash::directory(uid, DesktopTrash::Part::kFiles), "");
    tell(DesktopTrash::directory(uid, DesktopTrash::Part::kInfo), DesktopTrash::kInfoSuffix);
  }
}

void DesktopTrashBranch::add_stale_unchanged(const StaleNodes& nodes) const {
  context_.desktop_trash.take_stale_entries(nodes.is_known, nodes.stale);
}

void DesktopTrashBranch::add_all_stale(const StaleNodes& nodes) const {
  for (const uint32_t uid : context_.desktop_trash.uids(nodes.is_known)) {
    nodes.stale.push_back({Stale::What::kEntry, NodeId::root(), DesktopTrash::name_of_top(uid)});
  }
}

}  // namespace damfs
