// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The trees of folders, tags and albums: finding, making, moving, merging and deleting what stands in them.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {

// What differs between the trees, beside their rows of groupings().
struct Writer::Tree {
  Grouping grouping;
  Step::What step;  // of the journal
  std::string_view noun;
  std::string (*to_key)(std::string_view);  // what `find` compares
  StatementName find, node, members;
};

namespace {

constexpr int64_t kMostLevels = 64;  // of what a text, and so anybody's file or attribute, can ask for

std::string same(std::string_view name) { return std::string(name); }

std::vector<std::string_view> names_of_levels(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == path.npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

std::vector<int64_t> reversed(std::vector<int64_t> ids) {
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace

const Writer::Tree& Writer::tree(Grouping grouping) {
  static const Tree kFolders{Grouping::kFolder,  Step::What::kFolderNode, "folder",           same,
                             "folder_in_folder", "place_of_folder",       "members_of_folder"};
  static const Tree kTags{Grouping::kTag, Step::What::kTagNode, "tag",           fold,
                          "tag_in_tag",   "place_of_tag",       "members_of_tag"};
  static const Tree kAlbums{Grouping::kAlbum,  Step::What::kAlbumNode, "album",           fold,
                            "albums_in_album", "place_of_album",       "members_of_album"};
  switch (grouping) {
    case Grouping::kFolder: return kFolders;
    case Grouping::kTag: return kTags;
    case Grouping::kAlbum: return kAlbums;
    default: fail(EINVAL, "that grouping is no tree");
  }
}

int64_t Writer::ensure_folder(std::string_view path, std::span<const Ownership> of_new) {
  if (const auto cached = folder_cache_.find(std::string(path)); cached != folder_cache_.end()) return cached->second;
  const int64_t newest = of_new.empty() ? 0 : value_of("last_folder");
  const int64_t folder = ensure_in_tree(tree(Grouping::kFolder), path);
  // From the lowest part up.
  size_t part = names_of_levels(path).size();
  for (int64_t at = folder; at > newest && !of_new.empty();) {
    if (--part < of_new.size()) {
      const Ownership& ownership = of_new[part];
      statement("set_rights_of_folder").bind_all(at, ownership.mode, ownership.uid, ownership.gid).run();
    }
    at = count_of("parent_of_folder", at);
  }
  folder_cache_.emplace(path, folder);
  return folder;
}

int64_t Writer::ensure_group(Grouping grouping, std::string_view path) {
  const Tree& in = tree(grouping);
  if (path.empty()) fail(EINVAL, "{} needs a name", grouping == Grouping::kAlbum ? "an album" : "a tag");
  if (std::count(path.begin(), path.end(), '/') >= kMostLevels) {
    fail(EINVAL, "'{}' is too deep: {} levels are the most", printable(path), kMostLevels);
  }
  return ensure_in_tree(in, path);
}

// As it is called now, below originals/: a folder may have had to step aside for a file.
std::string Writer::folder_path(int64_t folder) {
  if (const auto cached = folder_paths_.find(folder); cached != folder_paths_.end()) return cached->second;
  std::string path;
  const Tree& folders = tree(Grouping::kFolder);
  for (auto at = node_of(folders, folder); at; at = node_of(folders, at->parent)) {
    path = path.empty() ? at->name : fmt::format("{}/{}", at->name, path);
  }
  return folder_paths_.emplace(folder, path).first->second;
}

int64_t Writer::ensure_in_tree(const Tree& tree, std::string_view path) {
  int64_t at = 1;
  for (const std::string_view part : names_of_levels(path)) {
    if (part.empty()) fail(EINVAL, "'{}' has an empty part between its slashes", printable(path));
    at = child_of(tree, at, part, true);
  }
  return at;
}

std::optional<int64_t> Writer::find_group(Grouping grouping, std::string_view path) {
  int64_t at = 1;
  for (const std::string_view part : names_of_levels(path)) {
    at = part.empty() ? 0 : child_of(tree(grouping), at, part, false);
    if (at == 0) return std::nullopt;
  }
  return at == 1 ? std::nullopt : std::optional(at);
}

int64_t Writer::child_of(const Tree& tree, int64_t parent, std::string_view name, bool create) {
  if (tree.grouping == Grouping::kTag) return ensure_tag(parent, name, create);
  // A folder keeps the bytes it came with; albums get names that every system takes.
  const bool is_folder = tree.grouping == Grouping::kFolder;
  std::string stored = is_folder ? std::string(name) : portable_name(name);
  if (const int64_t found = find_child(tree, parent, stored)) return found;
  if (!create) return 0;
  if (is_folder) {
    const EntryName checked(stored);  // throws for what no kernel takes as a name
    // A file of that name is there already, from another source: the folder steps aside.
    db::Use taken(statement("is_entry_at"));
    taken->bind_all(parent, checked.view());
    const bool is_taken = taken->step();
    taken->reset();  // the call below uses it again
    if (is_taken) return child_of(tree, parent, with_suffix(stored, "~folder"), true);
  }
  return insert_node(tree, 0, {parent, std::move(stored)});
}

int64_t Writer::find_child(const Tree& tree, int64_t parent, std::string_view name) {
  db::Use row(statement(tree.find));
  row->bind_all(parent, std::string_view(tree.to_key(name)));
  return row->step() ? row->integer(0) : 0;
}

std::optional<NodePlace> Writer::node_of(const Tree& tree, int64_t id) {
  db::Use row(statement(tree.node));
  row->bind_all(id);
  if (!row->step()) return std::nullopt;
  return NodePlace{row->integer(0), std::string(row->text(1)), std::string(row->text(2))};
}

void Writer::record_node(const Tree& tree, int64_t id, const std::optional<NodePlace>& before,
                         const std::optional<NodePlace>& after) {
  record({tree.step, 0, id, to_text(before), to_text(after)});
}

// `id` 0: a new one.
int64_t Writer::insert_node(const Tree& tree, int64_t id, const NodePlace& node) {
  if (tree.grouping == Grouping::kAlbum) require_by_hand(node.parent);
  const std::string key = tree.grouping == Grouping::kFolder ? nfc(node.name) : fold(node.name);
  db::Use row(statement_of(row_of(tree.grouping), "add_{tree}"));
  row->bind_all(node.parent, std::string_view(node.name), std::string_view(key), now_ns_);
  if (id == 0) {
    row->bind_null(5);
  } else {
    row->bind(5, id);
  }
  row->run();
  const int64_t made = id == 0 ? database_.last_insert_id() : id;
  if (tree.grouping == Grouping::kTag) put_tag_text(made, node.text);
  log_change(ChangeRow::What::kNewGroup, 0, 0, tree.grouping, node.parent, node.name);
  changed_groups_.emplace(tree.grouping, node.parent);
  record_node(tree, made, std::nullopt, node);
  return made;
}

// What stands in it must be gone.
void Writer::remove_node(const Tree& tree, int64_t id) {
  const auto node = node_of(tree, id);
  if (!node) return;
  // First, so that undo makes the album before it fills it.
  if (tree.grouping == Grouping::kAlbum) {
    put_album_query(id, "");
    put_album_numbers(id, false);
  }
  if (tree.grouping == Grouping::kFolder) record_folder_rights(id);
  statement_of(row_of(tree.grouping), "drop_{tree}").bind_all(id).run();
  log_change(ChangeRow::What::kLostName, 0, 0, tree.grouping, node->parent, node->name);
  changed_groups_.emplace(tree.grouping, node->parent);
  changed_groups_.erase({tree.grouping, id});
  record_node(tree, id, node, std::nullopt);
}

bool Writer::is_below(const Tree& tree, int64_t id, int64_t above) {
  std::set<int64_t> met;
  for (int64_t at = id; at != above;) {
    if (!met.insert(at).second) {  // in a catalog that somebody sent
      fail(EUCLEAN, "a {} of this library stands below itself; 'damfs doctor' tells more", tree.noun);
    }
    const auto node = node_of(tree, at);
    if (!node) return false;
    at = node->parent;
  }
  return true;
}

void Writer::move_node(const Tree& tree, int64_t id, const NodePlace& to) {
  const auto from = node_of(tree, id);
  if (!from) fail(ENOENT, "that {} is gone", tree.noun);
  if (tree.grouping == Grouping::kAlbum) require_by_hand(to.parent);
  if (is_below(tree, to.parent, id))
    fail(EINVAL, "the {} '{}' cannot be put into itself", tree.noun, printable(from->name));
  if (const int64_t other = find_child(tree, to.parent, to.name); other != 0 && other != id) {
    fail(EEXIST, "there is a {} '{}' there already; `damfs {} merge` makes one of two", tree.noun, printable(to.name),
         tree.noun);
  }
  const std::string key = tree.grouping == Grouping::kFolder ? nfc(to.name) : fold(to.name);
  const bool is_folder = tree.grouping == Grouping::kFolder;
  if (is_folder && gate_of(from->parent) != gate_of(to.parent)) reach_changes_below(id);
  statement_of(row_of(tree.grouping), "move_{tree}")
      .bind_all(id, to.parent, std::string_view(to.name), std::string_view(key), now_ns_)
      .run();
  if (tree.grouping == Grouping::kTag) put_tag_text(id, to.text);
  log_change(ChangeRow::What::kLostName, 0, 0, tree.grouping, from->parent, from->name);
  log_change(ChangeRow::What::kNewGroup, 0, 0, tree.grouping, to.parent, to.name);
  for (const int64_t changed : {from->parent, to.parent, id}) changed_groups_.emplace(tree.grouping, changed);
  record_node(tree, id, from, to);
  // The names of tags are words that their assets are found by.
  if (tree.grouping != Grouping::kTag) return;
  db::Use row(statement("assets_below_tag"));
  row->bind_all(id);
  while (row->step()) touched_assets_.try_emplace(row->integer(0), 0);
}

int64_t Writer::make_group(Grouping grouping, int64_t parent, std::string_view name) {
  const Tree& in = tree(grouping);
  std::string stored = grouping == Grouping::kFolder ? std::string(EntryName(name).view()) : portable_name(name);
  if (parent != 1 && !node_of(in, parent)) fail(ENOENT, "that {} is gone", in.noun);
  const bool is_taken = grouping == Grouping::kFolder && entry_at(parent, stored);
  if (is_taken || find_child(in, parent, stored) != 0) {
    fail(EEXIST, "there is a '{}' already", printable(stored));
  }
  std::string text = grouping == Grouping::kTag && nfc(name) != stored ? nfc(name) : std::string();
  return insert_node(in, 0, {parent, std::move(stored), std::move(text)});
}

void Writer::remove_group(Grouping grouping, int64_t group) {
  if (!is_empty(grouping, group)) fail(ENOTEMPTY, "something is in that {}", tree(grouping).noun);
  remove_node(tree(grouping), group);
}

void Writer::move_group_to(Grouping grouping, int64_t group, int64_t parent, std::string_view name) {
  const std::string stored = grouping == Grouping::kFolder ? std::string(EntryName(name).view()) : portable_name(name);
  if (grouping == Grouping::kFolder && entry_at(parent, stored)) {
    fail(ENOTDIR, "there is a file '{}' there", printable(stored));
  }
  // Under another name it says what that does; elsewhere it says what it did.
  const auto from = node_of(tree(grouping), group);
  move_node(tree(grouping), group, {parent, stored, from && from->name == stored ? from->text : std::string()});
}

void Writer::move_group(Grouping grouping, int64_t group, std::string_view path) {
  const Tree& in = tree(grouping);
  const size_t slash = path.rfind('/');
  const std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
  if (name.empty()) fail(EINVAL, "'{}' ends without a name", printable(path));
  const int64_t parent = slash == path.npos ? 1 : ensure_in_tree(in, path.substr(0, slash));
  const std::string written = nfc(tag_words(name));
  std::string stored = portable_name(written);
  std::string text = grouping == Grouping::kTag && written != stored ? written : std::string();
  move_node(in, group, {parent, std::move(stored), std::move(text)});
}

std::vector<int64_t> Writer::ids(StatementName name, int64_t group) { return ids(statement(name), group); }

std::vector<int64_t> Writer::children_of(const Tree& tree, int64_t group) {
  return ids(statement_of(row_of(tree.grouping), "children_of_{tree}"), group);
}

std::vector<int64_t> Writer::ids(db::Statement& statement, int64_t group) {
  std::vector<int64_t> ids;
  db::Use row(statement);
  row->bind_all(group);
  while (row->step()) ids.push_back(row->integer(0));
  return ids;
}

bool Writer::is_empty(Grouping grouping, int64_t group) {
  const Tree& in = tree(grouping);
  return children_of(in, group).empty() && ids(in.members, group).empty();
}

bool Writer::add_member(Grouping grouping, int64_t asset, int64_t group) {
  return grouping == Grouping::kTag ? add_tag(asset, group) : add_to_album(asset, group);
}

bool Writer::remove_member(Grouping grouping, int64_t asset, int64_t group) {
  return grouping == Grouping::kTag ? remove_tag(asset, group) : remove_from_album(asset, group);
}

void Writer::merge_group(Grouping grouping, int64_t from, int64_t into) {
  const Tree& in = tree(grouping);
  if (from == into || is_below(in, into, from)) {
    const auto node = node_of(in, from);
    fail(EINVAL, "the {} '{}' cannot be merged into itself, or into what is below it", in.noun,
         printable(node ? node->name : ""));
  }
  // The way down is kept here: it may be longer than the program's stack has room for.
  struct Merge {
    int64_t from, into;
    std::vector<int64_t> children;  // to be looked at, the next one last
  };
  std::vector<Merge> merges;
  const auto begin = [&](int64_t of, int64_t other) {
    if (grouping == Grouping::kAlbum) {
      require_by_hand(of);  // nothing is in it that could go elsewhere
      require_by_hand(other);
    }
    for (const int64_t asset : ids(in.members, of)) {
      add_member(grouping, asset, other);
      remove_member(grouping, asset, of);
    }
    merges.push_back({of, other, reversed(children_of(in, of))});
  };
  begin(from, into);
  while (!merges.empty()) {
    Merge& merge = merges.back();
    if (merge.children.empty()) {
      remove_node(in, merge.from);
      merges.pop_back();
      continue;
    }
    const int64_t child = merge.children.back();
    merge.children.pop_back();
    const auto node = node_of(in, child);
    if (const int64_t other = find_child(in, merge.into, node->name)) {
      begin(child, other);
    } else {
      move_node(in, child, {merge.into, node->name, node->text});
    }
  }
}

void Writer::delete_group(Grouping grouping, int64_t group) {
  const Tree& in = tree(grouping);
  struct Level {
    int64_t group;
    std::vector<int64_t> children;  // the next one last
  };
  std::vector<Level> way = {{group, reversed(children_of(in, group))}};
  std::set<int64_t> met = {group};  // in a catalog that somebody sent, a group may be below itself
  while (!way.empty()) {
    Level& level = way.back();
    if (level.children.empty()) {
      for (const int64_t asset : ids(in.members, level.group)) remove_member(grouping, asset, level.group);
      remove_node(in, level.group);
      way.pop_back();
      continue;
    }
    const int64_t child = level.children.back();
    level.children.pop_back();
    if (met.insert(child).second) way.push_back({child, reversed(children_of(in, child))});
  }
}

}  // namespace damfs
