// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The journal: taking acts back, of which much may have been changed since.

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <map>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr int64_t kStepsAtOnce = 1000;
constexpr size_t kToldSteps = 20;

std::optional<int64_t> number_in(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_nothing(std::string_view state) {
  return number_in(state) == int64_t{static_cast<uint8_t>(AssetState::kAbsorbed)};
}

// The assets of a rename over another, of which many steps belong together; and the name that each had.
void note_renamed_over(const Step& step, std::map<int64_t, Step>& noted) {
  switch (step.what) {
    case Step::What::kState:
    case Step::What::kVersion: noted.try_emplace(step.asset); break;
    case Step::What::kOwner: {
      noted.try_emplace(step.asset);
      int64_t other = 0;
      std::from_chars(step.before.data(), step.before.data() + step.before.size(), other);
      noted.try_emplace(other);
      break;
    }
    case Step::What::kEntry:
      if (const auto found = noted.find(step.asset); found != noted.end() && !step.before.empty()) found->second = step;
      break;
    default: break;
  }
}

}  // namespace

// As Step says it, now.
std::string Writer::state_of(const Step& step) {
  const auto first = [&](StatementName name, auto... keys) {
    db::Use row(statement(name));
    row->bind_all(keys...);
    return row->step() && !row->is_null(0) ? std::string(row->text(0)) : std::string();
  };
  switch (step.what) {
    case Step::What::kTag: return first("state_of_tag", step.group, step.asset);
    case Step::What::kAlbum: return first("position_in_album", step.group, step.asset);
    case Step::What::kRating: return first("rating_of_asset", step.asset);
    case Step::What::kTitle: return first("title_of_asset", step.asset);
    case Step::What::kDescription: return first("description_of_asset", step.asset);
    case Step::What::kTagNode: return first("state_of_tag_node", step.group);
    case Step::What::kAlbumNode: return first("state_of_album_node", step.group);
    case Step::What::kFolderNode: return first("state_of_folder_node", step.group);
    case Step::What::kEntry:
      return first("state_of_entry", step.group, std::string_view(step.after.empty() ? step.before : step.after),
                   step.asset);
    case Step::What::kTrash: {
      // Under whichever name: it may have had to take another one.
      const std::string there = step.after.empty() ? "there" : step.after;
      return trash_row(step.group) ? there : std::string();
    }
    case Step::What::kVersion: return first("current_version_of_asset", step.asset);
    case Step::What::kOwner:
      // What older damfs wrote down has no number.
      return step.after.find('/') == step.after.npos ? first("asset_of_version", step.group)
                                                     : first("state_of_version_owner", step.group);
    case Step::What::kState:
      // What has just lost its only name, and went to no trash, is taken for what it was.
      return first("state_of_place", step.asset);
    case Step::What::kAlbumQuery: return first("query_of_album", step.group);
    case Step::What::kAlbumNumbers: return first("state_of_album_numbers", step.group);
    case Step::What::kFolderRights: return folder_rights(step.group);
  }
  fail(ENOTSUP, "a newer damfs wrote down this act; use that one to take it back");
}

bool Writer::restore_place(int64_t asset, int64_t album, std::string_view to) {
  if (!album_query(album).empty()) return false;
  const auto position = number_in(to);
  if (position && !is_taken(album, *position)) {
    if (position_in_album(asset, album)) {
      move_to_position(asset, album, *position);
    } else {
      place_in_album(asset, album, *position);
    }
    return true;
  }
  remove_from_album(asset, album);
  return !position || add_to_album(asset, album);
}

bool Writer::restore_node(Grouping grouping, int64_t id, std::string_view to) {
  const Tree& in = tree(grouping);
  const bool is_there = node_of(in, id).has_value();
  if (to.empty()) {
    if (!is_empty(grouping, id)) return false;  // something came into it since
    remove_node(in, id);
    return true;
  }
  const NodePlace node = place_from_text(to).value_or(NodePlace());
  const int64_t other = find_child(in, node.parent, node.name);
  const bool parent_is_there = node.parent == 1 || node_of(in, node.parent);
  if (grouping == Grouping::kFolder && entry_at(node.parent, node.name)) return false;
  if (!parent_is_there || (other != 0 && other != id) || (is_there && is_below(in, node.parent, id))) return false;
  if (grouping == Grouping::kAlbum && !album_query(node.parent).empty()) return false;
  if (is_there) {
    move_node(in, id, node);
  } else {
    insert_node(in, id, node);
  }
  return true;
}

// A file that another one was renamed over has all that one's versions, and the other is nothing.
bool Writer::restore_state(const Step& step) {
  const bool is_to_be_nothing = is_nothing(step.before);
  if (is_to_be_nothing ? has_place(step.asset) : !owns_current_version(step.asset)) return false;
  if (!is_to_be_nothing) {
    // Its time may be another meanwhile.
    const int64_t version = current_version(step.asset);
    show_version(step.asset, version, technical_facts(count_of("blob_of_version", version)));
  }
  // Its name makes it a live one.
  set_state(step.asset, is_to_be_nothing ? AssetState::kAbsorbed : AssetState::kTrashed);
  record({Step::What::kState, step.asset, 0, step.after, step.before});
  return true;
}

bool Writer::has_place(int64_t asset) { return count_of("has_any_place", asset) != 0; }

bool Writer::owns_current_version(int64_t asset) { return count_of("owner_of_current_version", asset) == asset; }

// Of what was done since, something may need what a step would take away, and that step was left. Whatever could be
// taken back and what could not: an asset with versions has a current one and a place, if only in the trash.
void Writer::settle_renamed_over(const std::map<int64_t, Step>& renamed_over) {
  for (const auto& [asset, step] : renamed_over) {
    if (label_of(asset).empty()) continue;
    const auto versions = ids("newest_version_of_asset", asset);
    if (versions.empty()) continue;
    if (!owns_current_version(asset)) {
      const int64_t blob = count_of("blob_of_version", versions.front());
      adopt_version(asset, versions.front(), technical_facts(blob));
    }
    if (state_of_asset(asset) == AssetState::kAbsorbed) set_state(asset, AssetState::kTrashed);
    if (has_place(asset)) continue;
    TrashRow row;
    row.asset = asset;
    row.original_name = step.before.empty() ? label_of(asset) : step.before;
    row.name = free_trash_name(row.original_name);
    row.folder = step.before.empty() ? std::string() : folder_path(step.group);
    row.deleted_ns = now_ns_;
    row.uid = act_ ? act_->uid : 0;
    insert_trash(row);
  }
}

// False: it was changed again since, or what it needs is gone.
bool Writer::restore(const Step& step) {
  if (state_of(step) != step.after) return false;
  const bool asset_is_there = step.asset == 0 || !label_of(step.asset).empty();
  if (!asset_is_there) return false;
  const bool is_purged = step.asset != 0 && state_of_asset(step.asset) == AssetState::kAbsorbed;
  if (is_purged && (step.what == Step::What::kEntry || step.what == Step::What::kTrash)) return false;
  switch (step.what) {
    case Step::What::kTag:
      if (step.before.empty()) return remove_tag(step.asset, step.group);
      return node_of(tree(Grouping::kTag), step.group) && add_tag(step.asset, step.group);
    case Step::What::kAlbum:
      return node_of(tree(Grouping::kAlbum), step.group) && restore_place(step.asset, step.group, step.before);
    case Step::What::kRating: return set_rating(step.asset, number_in(step.before));
    case Step::What::kTitle:
    case Step::What::kDescription: return set_words(step.what, step.asset, step.before);
    case Step::What::kTagNode: return restore_node(Grouping::kTag, step.group, step.before);
    case Step::What::kAlbumNode: return restore_node(Grouping::kAlbum, step.group, step.before);
    case Step::What::kFolderNode: return restore_node(Grouping::kFolder, step.group, step.before);
    case Step::What::kEntry: return restore_entry_step(step);
    case Step::What::kTrash: return restore_trash_step(step);
    case Step::What::kVersion: return restore_version(step);
    case Step::What::kOwner: return restore_owner(step);
    case Step::What::kState: return restore_state(step);
    case Step::What::kAlbumQuery: return restore_album_query(step);
    case Step::What::kFolderRights: return restore_folder_rights(step);
    case Step::What::kAlbumNumbers:
      if (!node_of(tree(Grouping::kAlbum), step.group) || !album_query(step.group).empty()) return false;
      put_album_numbers(step.group, !step.before.empty());
      return true;
  }
  return false;
}

Writer::Undone Writer::undo(int64_t act) {
  Undone undone;
  is_undoing_ = true;
  if (const int64_t by = count_of("act_that_undid", act); by != 0) {
    fail(EALREADY, "act {} was taken back already, by act {}", act, by);
  }
  std::vector<Step> steps;
  std::map<int64_t, Step> renamed_over;
  int64_t before = count_of("behind_last_step", act);
  // A thousand at a time: an act can have changed everything.
  do {
    steps.clear();
    {
      db::Use row(statement("steps_before"));
      row->bind_all(act, before, kStepsAtOnce);
      while (row->step()) {
        before = row->integer(0);
        steps.push_back({static_cast<Step::What>(row->integer(1)), row->integer(2), row->integer(3),
                         std::string(row->text(4)), std::string(row->text(5))});
      }
    }
    for (size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      ++undone.steps;
      note_renamed_over(step, renamed_over);
      // Once more renamed over another, it leaves its name to that one and goes to no trash.
      leaves_its_name_ = i + 1 < steps.size() && steps[i + 1].what == Step::What::kState &&
                         steps[i + 1].asset == step.asset && is_nothing(steps[i + 1].before);
      if (restore(step)) continue;
      ++undone.left;
      if (undone.left_steps.size() < kToldSteps) undone.left_steps.push_back(step);
    }
  } while (!steps.empty());
  settle_renamed_over(renamed_over);
  return undone;
}

}  // namespace damfs
