// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What people say of single assets, and the journal: writing acts down, and taking them back.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/writer.h"

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

}  // namespace

bool Writer::set_rating(int64_t asset, std::optional<int64_t> rating) {
  if (rating && (*rating < -1 || *rating > 5)) fail(EINVAL, "a rating is -1 (rejected) to 5, not {}", *rating);
  if (rating) require_file(asset);
  std::optional<int64_t> before;
  {
    db::Use row(statement("SELECT rating FROM asset WHERE id = ?1"));
    row->bind_all(asset);
    if (!row->step()) return false;
    if (!row->is_null(0)) before = row->integer(0);
  }
  if (before == rating) return false;
  move_asset_in_groups(asset, -1);
  statement("UPDATE asset SET rating = ?2 WHERE id = ?1").bind_all(asset, rating).run();
  move_asset_in_groups(asset, +1);
  touched_assets_.try_emplace(asset, 0);
  const auto text = [](const std::optional<int64_t>& value) { return value ? std::to_string(*value) : std::string(); };
  record({Step::What::kRating, asset, 0, text(before), text(rating)});
  return true;
}

bool Writer::has_rating(int64_t asset) { return count_of("SELECT rating FROM asset WHERE id = ?1", asset) != 0; }

bool Writer::has_words(Step::What what, int64_t asset) {
  return count_of(what == Step::What::kTitle ? "SELECT title <> '' FROM asset_text WHERE asset_id = ?1"
                                             : "SELECT description <> '' FROM asset_text WHERE asset_id = ?1",
                  asset) != 0;
}

bool Writer::set_words(Step::What what, int64_t asset, std::string_view text) {
  const bool title = what == Step::What::kTitle;
  std::string before;
  {
    db::Use row(statement(title ? "SELECT title FROM asset_text WHERE asset_id = ?1"
                                : "SELECT description FROM asset_text WHERE asset_id = ?1"));
    row->bind_all(asset);
    if (!row->step()) return false;
    before = row->text(0);
  }
  if (before == text) return false;
  statement(title ? "UPDATE asset_text SET title = ?2 WHERE asset_id = ?1"
                  : "UPDATE asset_text SET description = ?2 WHERE asset_id = ?1")
      .bind_all(asset, text)
      .run();
  touched_assets_.try_emplace(asset, 0);
  record({what, asset, 0, std::move(before), std::string(text)});
  return true;
}

void Writer::begin(Act act) {
  act_ = std::move(act);
  act_id_ = steps_ = 0;
  if (act_->continues == 0) return;
  // Whoever took it back meanwhile meant what it was then.
  db::Use row(
      statement("SELECT max(number) FROM act_step WHERE act_id = ?1 AND NOT EXISTS (SELECT 1 FROM act WHERE undoes = "
                "?1)"));
  row->bind_all(act_->continues);
  if (!row->step() || row->is_null(0)) return;
  act_id_ = act_->continues;
  steps_ = row->integer(0);
}

void Writer::call_act(std::string_view what) {
  if (!act_ || act_id_ == 0) return;
  statement("UPDATE act SET what = ?2 WHERE id = ?1 AND what <> ?2").bind_all(act_id_, what).run();
}

// A first probe belongs to the act that brought the file: undoing that undoes both.
Act Writer::act_that_brought(int64_t asset) {
  Act act{.uid = static_cast<int64_t>(::getuid()),
          .what = fmt::format("what {} says of itself", printable(label_of(asset)))};
  db::Use row(
      statement("SELECT a.id, a.uid FROM act_step s JOIN act a ON a.id = s.act_id WHERE s.asset_id = ?1 AND "
                "s.asset_id != 0 AND s.what IN (9, 11) ORDER BY s.act_id DESC LIMIT 1"));
  row->bind_all(asset);
  if (!row->step()) return act;
  act.continues = row->integer(0);
  act.uid = row->integer(1);
  return act;
}

void Writer::record(const Step& step) {
  if (!act_) return;
  // A new asset leaves as a whole when the act is undone, with its places in groups: its words need no steps of their
  // own.
  const bool is_place =
      step.what == Step::What::kEntry || step.what == Step::What::kTag || step.what == Step::What::kAlbum;
  if (!is_place && new_assets_.contains(step.asset)) return;
  if (act_id_ == 0) {
    db::Use row(statement("INSERT INTO act (at_ns, uid, what, undoes) VALUES (?1, ?2, ?3, ?4)"));
    row->bind_all(now_ns_, act_->uid, std::string_view(act_->what));
    if (act_->undoes != 0) {
      row->bind(4, act_->undoes);
    } else {
      row->bind_null(4);
    }
    row->run();
    act_id_ = database_.last_insert_id();
  }
  db::Use row(
      statement("INSERT INTO act_step (act_id, number, what, asset_id, group_id, before, after) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  row->bind_all(act_id_, ++steps_, static_cast<int64_t>(step.what), step.asset, step.group,
                std::string_view(step.before), std::string_view(step.after));
  row->run();
}

// --- taking back ----------------------------------------------------------------------------------------

// As Step says it, now.
std::string Writer::state_of(const Step& step) {
  const auto first = [&](std::string_view sql, auto... keys) {
    db::Use row(statement(sql));
    row->bind_all(keys...);
    return row->step() && !row->is_null(0) ? std::string(row->text(0)) : std::string();
  };
  switch (step.what) {
    case Step::What::kTag:
      return first("SELECT '1' FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2", step.group, step.asset);
    case Step::What::kAlbum:
      return first("SELECT position FROM album_item WHERE album_id = ?1 AND asset_id = ?2", step.group, step.asset);
    case Step::What::kRating: return first("SELECT rating FROM asset WHERE id = ?1", step.asset);
    case Step::What::kTitle: return first("SELECT title FROM asset_text WHERE asset_id = ?1", step.asset);
    case Step::What::kDescription: return first("SELECT description FROM asset_text WHERE asset_id = ?1", step.asset);
    case Step::What::kTagNode:
      return first("SELECT parent_id || '/' || name || coalesce('/' || text, '') FROM tag WHERE id = ?1", step.group);
    case Step::What::kAlbumNode: return first("SELECT parent_id || '/' || name FROM album WHERE id = ?1", step.group);
    case Step::What::kFolderNode: return first("SELECT parent_id || '/' || name FROM folder WHERE id = ?1", step.group);
    case Step::What::kEntry:
      return first("SELECT name FROM folder_entry WHERE folder_id = ?1 AND name = ?2 AND asset_id = ?3", step.group,
                   std::string_view(step.after.empty() ? step.before : step.after), step.asset);
    case Step::What::kTrash: {
      // Under whichever name: it may have had to take another one.
      const std::string there = step.after.empty() ? "there" : step.after;
      return trash_row(step.group) ? there : std::string();
    }
    case Step::What::kVersion: return first("SELECT version_id FROM asset WHERE id = ?1", step.asset);
    case Step::What::kOwner:
      // What older damfs wrote down has no number.
      return step.after.find('/') == step.after.npos
                 ? first("SELECT asset_id FROM version WHERE id = ?1", step.group)
                 : first("SELECT asset_id || '/' || number FROM version WHERE id = ?1", step.group);
    case Step::What::kState: return first("SELECT state FROM asset WHERE id = ?1", step.asset);
    case Step::What::kAlbumQuery: return first("SELECT query FROM album WHERE id = ?1", step.group);
    case Step::What::kAlbumNumbers: return first("SELECT '1' FROM album WHERE id = ?1 AND numbered = 1", step.group);
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
    case Step::What::kState:
      if (count_of("SELECT count(*) FROM version WHERE id = (SELECT version_id FROM asset WHERE id = ?1)",
                   step.asset) == 0) {
        return false;
      }
      set_state(step.asset, static_cast<AssetState>(number_in(step.before).value_or(0)));
      record({Step::What::kState, step.asset, 0, step.after, step.before});
      return true;
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
  if (const int64_t by = count_of("SELECT coalesce(max(id), 0) FROM act WHERE undoes = ?1", act); by != 0) {
    fail(EALREADY, "act {} was taken back already, by act {}", act, by);
  }
  std::vector<Step> steps;
  int64_t before = database_.integer("SELECT max(number) + 1 FROM act_step WHERE act_id = " + std::to_string(act));
  // A thousand at a time: an act can have changed everything.
  do {
    steps.clear();
    {
      db::Use row(
          statement("SELECT number, what, asset_id, group_id, before, after FROM act_step "
                    "WHERE act_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3"));
      row->bind_all(act, before, kStepsAtOnce);
      while (row->step()) {
        before = row->integer(0);
        steps.push_back({static_cast<Step::What>(row->integer(1)), row->integer(2), row->integer(3),
                         std::string(row->text(4)), std::string(row->text(5))});
      }
    }
    for (const Step& step : steps) {
      ++undone.steps;
      if (restore(step)) continue;
      ++undone.left;
      if (undone.left_steps.size() < kToldSteps) undone.left_steps.push_back(step);
    }
  } while (!steps.empty());
  return undone;
}

}  // namespace damfs
