// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What is known of single assets beyond their rows.

#include "catalog/base/names.h"
#include "catalog/model/read/reader.h"
#include "catalog/model/statements.h"

namespace damfs {

WordsRow Reader::words(int64_t asset) {
  db::Use row(statement("words_of_asset"));
  row->bind_all(asset);
  WordsRow words;
  if (!row->step()) return words;
  words.title = row->text(0);
  words.description = row->text(1);
  if (!row->is_null(2)) words.rating = row->integer(2);
  words.date_source = static_cast<DateSource>(row->integer(3));
  words.captured = row->text(4);
  return words;
}

std::vector<int64_t> Reader::tags(int64_t asset) {
  std::vector<int64_t> tags;
  db::Use rows(statement("tags_of_asset"));
  rows->bind_all(asset);
  while (rows->step()) tags.push_back(rows->integer(0));
  return tags;
}

std::vector<std::string> Reader::tag_paths(int64_t asset) {
  std::vector<std::string> paths;
  for (const int64_t tag : tags(asset)) paths.push_back(group_path(Grouping::kTag, tag));
  return paths;
}

std::vector<std::string> Reader::tag_texts(int64_t asset) {
  std::vector<std::string> texts;
  for (const int64_t tag : tags(asset)) {
    std::string path;
    for (int64_t at = tag; at > 1;) {
      db::Use row(statement("text_of_tag"));
      row->bind_all(at);
      if (!row->step()) break;
      const std::string part = tag_part(row->text(0));
      path = path.empty() ? part : part + '/' + path;
      at = row->integer(1);
    }
    texts.push_back(std::move(path));
  }
  return texts;
}

std::vector<int64_t> Reader::albums(int64_t asset) {
  std::vector<int64_t> albums;
  db::Use rows(statement("albums_of_asset"));
  rows->bind_all(asset);
  while (rows->step()) albums.push_back(rows->integer(0));
  return albums;
}

std::optional<int64_t> Reader::album_position(int64_t album, int64_t asset) {
  db::Use row(statement("is_in_album"));
  row->bind_all(album, asset);
  if (!row->step()) return std::nullopt;
  return row->integer(0);
}

int64_t Reader::last_album_position(int64_t album) {
  db::Use row(statement("last_album_position"));
  row->bind_all(album);
  return row->step() ? row->integer(0) : 0;
}

std::vector<SmartAlbum> Reader::smart_albums() {
  std::vector<SmartAlbum> albums;
  db::Use rows(statement("smart_albums"));
  while (rows->step()) {
    albums.push_back({rows->integer(0), rows->integer(1), std::string(rows->text(2)), std::string(rows->text(3))});
  }
  return albums;
}

std::vector<std::pair<int64_t, std::string>> Reader::folder_entries(int64_t asset) {
  std::vector<std::pair<int64_t, std::string>> entries;
  db::Use rows(statement("entries_of_asset"));
  rows->bind_all(asset);
  while (rows->step()) entries.emplace_back(rows->integer(0), std::string(rows->text(1)));
  return entries;
}

std::vector<std::pair<int64_t, std::string>> Reader::trash_entries(int64_t asset) {
  std::vector<std::pair<int64_t, std::string>> entries;
  db::Use rows(statement("trash_of_asset"));
  rows->bind_all(asset);
  while (rows->step()) entries.emplace_back(rows->integer(0), std::string(rows->text(1)));
  return entries;
}

std::optional<TrashRow> Reader::trash_entry(int64_t id) {
  db::Use row(statement("trash_entry"));
  row->bind_all(id);
  if (!row->step()) return std::nullopt;
  return TrashRow{row->integer(0),           row->integer(1), std::string(row->text(2)), std::string(row->text(3)),
                  std::string(row->text(4)), row->integer(5), row->integer(6),           row->integer(7) != 0};
}

std::vector<int64_t> Reader::hidden_trash(int64_t deleted_before_ns) {
  std::vector<int64_t> found;
  db::Use rows(statement("hidden_trash"));
  rows->bind_all(deleted_before_ns);
  while (rows->step()) found.push_back(rows->integer(0));
  return found;
}

int64_t Reader::shared_blob(int64_t asset) {
  db::Use row(statement("shared_blob"));
  row->bind_all(asset);
  return row->step() ? row->integer(0) : 0;
}

void Reader::copies(int64_t asset, const std::function<bool(int64_t copy)>& visit) {
  db::Use rows(statement("copies_of"));
  rows->bind_all(asset);
  while (rows->step()) {
    if (!visit(rows->integer(0))) return;
  }
}

std::vector<int64_t> Reader::assets_of_blob(int64_t blob) {
  std::vector<int64_t> assets;
  db::Use rows(statement("holders_of_blob"));
  rows->bind_all(blob);
  while (rows->step()) assets.push_back(rows->integer(0));
  return assets;
}

std::vector<VersionRow> Reader::versions(int64_t asset) {
  std::vector<VersionRow> versions;
  db::Use rows(statement("versions_of_asset"));
  rows->bind_all(asset);
  while (rows->step()) versions.push_back({rows->integer(0), rows->integer(1)});
  return versions;
}

std::optional<int64_t> Reader::listed_number(int64_t version_id) {
  db::Use row(statement("number_of_version"));
  row->bind_all(version_id);
  if (!row->step() || row->integer(1) < 2) return std::nullopt;
  return row->integer(0);
}

void Reader::versioned(int64_t after, const GroupVisitor& visit) {
  db::Use rows(statement("list_versioned"));
  rows->bind_all(after);
  while (rows->step()) {
    GroupRow row;
    row.key = rows->integer(0);
    row.name = rows->text(1);
    row.changed_ns = rows->integer(2);
    if (!visit(row)) return;
  }
}

std::optional<std::string> Reader::attribute(int64_t asset, std::string_view name) {
  db::Use row(statement("attribute"));
  row->bind_all(asset, name);
  if (!row->step()) return std::nullopt;
  return std::string(row->text(0));
}

std::vector<std::string> Reader::attribute_names(int64_t asset) {
  std::vector<std::string> names;
  db::Use rows(statement("attributes_of_asset"));
  rows->bind_all(asset);
  while (rows->step()) names.emplace_back(rows->text(0));
  return names;
}

std::vector<KeptDraft> Reader::kept_drafts() {
  std::vector<KeptDraft> drafts;
  db::Use rows(statement("kept_drafts"));
  const auto optional = [&](int column) {
    return rows->is_null(column) ? std::nullopt : std::optional(rows->integer(column));
  };
  while (rows->step()) {
    drafts.push_back({rows->integer(0),
                      rows->integer(1),
                      rows->integer(2),
                      std::string(rows->text(3)),
                      rows->integer(4),
                      {optional(5), optional(6), optional(7)},
                      optional(8)});
  }
  return drafts;
}

std::vector<UnprobedRow> Reader::unprobed(int64_t after, int64_t limit) {
  std::vector<UnprobedRow> unprobed;
  db::Use rows(statement("unprobed"));
  rows->bind_all(after, limit);
  while (rows->step()) {
    const auto digest = Digest::from_bytes(rows->text(1));
    if (digest) unprobed.push_back({rows->integer(0), *digest, rows->integer(2), std::string(rows->text(3))});
  }
  return unprobed;
}

std::string Reader::group_path(Grouping grouping, int64_t key) {
  std::string path;
  // A tree deeper than this would not fit PATH_MAX; a cycle, which no code here makes, ends too.
  for (int depth = 0; key != top_key(grouping) && depth < 4096; ++depth) {
    const auto row = group(grouping, key);
    if (!row) break;
    path = path.empty() ? row->name : row->name + "/" + path;
    key = row->parent;
  }
  return path;
}

}  // namespace damfs
