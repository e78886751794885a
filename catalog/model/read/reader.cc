// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/reader.h"

#include <fmt/format.h>

#include <unordered_map>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/search/word_matcher.h"
#include "sql.h"

namespace damfs {
namespace {

std::optional<int64_t> optional_integer(const db::Statement& statement, int column) {
  return statement.is_null(column) ? std::nullopt : std::optional(statement.integer(column));
}

Ownership ownership(const db::Statement& statement, int column) {
  return {optional_integer(statement, column), optional_integer(statement, column + 1),
          optional_integer(statement, column + 2)};
}

AssetRow asset_row(const db::Statement& statement) {
  AssetRow row;
  row.cursor = statement.integer(0);
  row.name = statement.text(1);
  row.id = statement.integer(2);
  row.version = statement.integer(3);
  row.size = statement.integer(4);
  row.mtime_ns = statement.integer(5);
  row.changed_ns = statement.integer(6);
  row.names = statement.integer(7);
  row.kind = static_cast<Kind>(statement.integer(8));
  row.still = {statement.integer(9), statement.integer(10)};
  row.day = statement.integer(11);
  if (!statement.is_null(12)) row.camera = statement.integer(12);
  if (!statement.is_null(13)) row.rating = statement.integer(13);
  row.clip = statement.text(14);
  if (!statement.is_null(15)) {
    row.camera_proxy = {statement.integer(15), statement.integer(16), statement.integer(17), ownership(statement, 22)};
  }
  row.ownership = ownership(statement, 18);
  row.state = static_cast<AssetState>(statement.integer(21));
  row.standing = static_cast<Standing>(statement.integer(25));
  if (!statement.is_null(26)) row.data_bytes = statement.integer(26);
  return row;
}

FoundAsset found_asset(const db::Statement& statement) {
  FoundAsset found{asset_row(statement), std::string(statement.text(1))};
  found.row.name = {};
  return found;
}

std::string_view assets_statement(Grouping grouping) {
  switch (grouping) {
    case Grouping::kFolder: return "assets_of_folder";
    case Grouping::kTag: return "assets_of_tag";
    case Grouping::kAlbum: return "assets_of_album";
    case Grouping::kCamera: return "assets_of_camera";
    case Grouping::kDay: return "assets_of_day";
    case Grouping::kKind: return "assets_of_kind";
    case Grouping::kRating: return "assets_of_rating";
    case Grouping::kRecent: return "assets_of_recent";
    case Grouping::kTrash: return "list_trash";
    case Grouping::kDuplicates: return "assets_of_blob";
    case Grouping::kAll:
    case Grouping::kYear:
    case Grouping::kInbox:
    case Grouping::kVersions:
    case Grouping::kPacks: return {};
  }
  return {};
}

// What the statements of stored trees are called after: "folder", "list_folders", "find_folder".
struct TreeStatements {
  std::string_view one, list, find;
};

std::optional<TreeStatements> tree_statements(Grouping grouping) {
  switch (grouping) {
    case Grouping::kFolder: return TreeStatements{"folder", "list_folders", "find_folder"};
    case Grouping::kTag: return TreeStatements{"tag", "list_tags", "find_tag"};
    case Grouping::kAlbum: return TreeStatements{"album", "list_albums", "find_album"};
    default: return std::nullopt;
  }
}

// id, name, changed_ns, the parent where it is not `parent`, and of folders and albums what was set of them.
GroupRow group_row(const db::Statement& statement, Grouping grouping, std::optional<int64_t> parent = {}) {
  GroupRow row;
  row.key = statement.integer(0);
  row.name = statement.text(1);
  row.changed_ns = statement.integer(2);
  row.parent = parent ? *parent : statement.integer(3);
  const int at = parent ? 3 : 4;
  if (grouping == Grouping::kAlbum) {
    row.query = statement.text(at);
    row.numbered = statement.integer(at + 1) != 0;
  }
  if (grouping != Grouping::kFolder) return row;
  row.mtime_ns = optional_integer(statement, at);
  row.ownership = ownership(statement, at + 1);
  return row;
}

// blob.id, its SHA-256, changed_ns.
GroupRow duplicates_row(const db::Statement& statement) {
  GroupRow row;
  row.key = statement.integer(0);
  if (const auto sha256 = Digest::from_bytes(statement.text(1))) row.name = sha256->hex();
  row.changed_ns = statement.integer(2);
  return row;
}

std::string shelf_name(Grouping grouping, int64_t key) {
  if (key == 0) return {};
  switch (grouping) {
    case Grouping::kDay:
    case Grouping::kYear: return Day::from_key(key).text();
    case Grouping::kKind: return std::string(to_string(static_cast<Kind>(key)));
    case Grouping::kRating: return std::to_string(key);
    default: return {};
  }
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> mount_statements() {
  static constexpr std::string_view kMark = "-- name: ";
  std::vector<std::pair<std::string_view, std::string_view>> all;
  std::string_view rest = sql::k_mount;
  for (size_t at = rest.find(kMark); at != rest.npos; at = rest.find(kMark)) {
    rest.remove_prefix(at + kMark.size());
    const size_t line_end = rest.find('\n');
    const size_t end = rest.find(kMark, line_end);
    all.emplace_back(rest.substr(0, line_end), rest.substr(line_end + 1, end == rest.npos ? end : end - line_end - 1));
  }
  return all;
}

class Reader::Statements {
 public:
  explicit Statements(db::Database& database) : database_(database) {
    for (const auto& [name, text] : mount_statements()) texts_.emplace(name, text);
  }

  db::Statement& operator[](std::string_view name) {
    if (const auto found = prepared_.find(name); found != prepared_.end()) return found->second;
    const auto text = texts_.find(name);
    if (text == texts_.end()) fail(EINVAL, "mount.sql has no statement '{}'", name);
    return prepared_.try_emplace(text->first, database_, text->second).first->second;
  }

 private:
  db::Database& database_;
  std::unordered_map<std::string_view, std::string_view> texts_;
  std::unordered_map<std::string_view, db::Statement> prepared_;
};

Reader::Reader(const FileIn& catalog) : database_(catalog, db::Database::Mode::kReadWrite) {
  // Listings run through the catalog once; a large page cache a thread would only be resident memory.
  database_.execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY");
  statements_ = std::make_unique<Statements>(database_);
}
Reader::~Reader() = default;

db::Statement& Reader::statement(std::string_view name) { return (*statements_)[name]; }

void Reader::assets(Grouping grouping, int64_t key, int64_t after, const AssetVisitor& visit) {
  const auto name = assets_statement(grouping);
  if (name.empty()) return;
  db::Use rows(statement(name));
  rows->bind_all(key, after);
  while (rows->step()) {
    if (!visit(asset_row(*rows))) return;
  }
}

void Reader::trash_of_uid(int64_t uid, int64_t after, const AssetVisitor& visit) {
  db::Use rows(statement("list_trash_of_uid"));
  rows->bind_all(uid, after);
  while (rows->step()) {
    if (!visit(asset_row(*rows))) return;
  }
}

void Reader::groups(Grouping grouping, int64_t key, int64_t after, const GroupVisitor& visit) {
  if (const auto tree = tree_statements(grouping)) {
    db::Use rows(statement(tree->list));
    rows->bind_all(key, after);
    while (rows->step()) {
      if (!visit(group_row(*rows, grouping, key))) return;
    }
    return;
  }
  if (grouping == Grouping::kCamera && key == 0) {
    db::Use rows(statement("list_cameras"));
    rows->bind_all(after);
    while (rows->step()) {
      if (!visit(group_row(*rows, grouping, 0))) return;
    }
    return;
  }
  if (grouping == Grouping::kDuplicates && key == 0) {
    db::Use rows(statement("list_duplicates"));
    rows->bind_all(after);
    while (rows->step()) {
      if (!visit(duplicates_row(*rows))) return;
    }
    return;
  }
  if (grouping != Grouping::kYear) return;
  const Grouping below = key == 0 ? Grouping::kYear : Grouping::kDay;
  db::Use rows(statement("list_shelf"));
  rows->bind_all(static_cast<int64_t>(below), std::max(key, after), key == 0 ? INT64_MAX : key + 512);
  while (rows->step()) {
    GroupRow row;
    row.key = rows->integer(0);
    row.name = shelf_name(below, row.key);
    row.changed_ns = rows->integer(1);
    row.parent = key;
    if (!visit(row)) return;
  }
}

std::optional<GroupRow> Reader::shelf_group(Grouping grouping, int64_t key) {
  db::Use row(statement("shelf"));
  row->bind_all(static_cast<int64_t>(grouping), key);
  const bool stored = row->step();
  // The tops, the kinds and the ratings are always there; days and years only while they hold something.
  const bool always = key == 0 || (grouping == Grouping::kKind && key <= static_cast<int64_t>(Kind::kOther)) ||
                      (grouping == Grouping::kRating && key <= 5);
  if (!always && (!stored || row->integer(0) <= 0)) return std::nullopt;
  const int64_t parent = grouping == Grouping::kDay ? Day{Day::from_key(key).year, 0, 0}.key() : 0;
  GroupRow group;
  group.key = key;
  group.name = shelf_name(grouping, key);
  group.changed_ns = stored ? row->integer(1) : 0;
  group.parent = parent;
  return group;
}

std::optional<GroupRow> Reader::group(Grouping grouping, int64_t key) {
  if (grouping == Grouping::kDuplicates && key != 0) {
    db::Use row(statement("duplicates"));
    row->bind_all(key);
    return row->step() ? std::optional(duplicates_row(*row)) : std::nullopt;
  }
  const auto tree = tree_statements(grouping);
  if (!tree && !(grouping == Grouping::kCamera && key != 0)) return shelf_group(grouping, key);
  db::Use row(statement(tree ? tree->one : "camera"));
  row->bind_all(key);
  if (!row->step()) return std::nullopt;
  return group_row(*row, grouping);
}

std::optional<GroupRow> Reader::find_group(Grouping grouping, int64_t key, std::string_view name,
                                           Spelling in_originals) {
  const auto tree = tree_statements(grouping);
  if (tree || grouping == Grouping::kCamera) {
    const std::string name_key = grouping == Grouping::kFolder ? nfc(name) : fold(name);
    db::Use rows(statement(tree ? tree->find : "find_camera"));
    if (tree) {
      rows->bind_all(key, std::string_view(name_key));
    } else {
      rows->bind_all(std::string_view(name_key));
    }
    std::optional<GroupRow> spelled_otherwise;
    while (rows->step()) {
      if (rows->text(1) == name) return group_row(*rows, grouping);
      if (grouping == Grouping::kFolder && in_originals == Spelling::kExact) continue;
      if (!spelled_otherwise && nfc(rows->text(1)) == nfc(name)) spelled_otherwise = group_row(*rows, grouping);
    }
    return spelled_otherwise;
  }
  if (grouping == Grouping::kDuplicates && key == 0) {
    const auto sha256 = Digest::from_hex(name);
    if (!sha256 || sha256->hex() != name) return std::nullopt;
    db::Use row(statement("find_duplicates"));
    row->bind_blob(1, sha256->raw());
    return row->step() ? std::optional(duplicates_row(*row)) : std::nullopt;
  }
  if (grouping != Grouping::kYear) return std::nullopt;
  const auto day = Day::parse(name);
  if (!day || day->text() != name) return std::nullopt;
  if (key == 0) return day->month == 0 ? shelf_group(Grouping::kYear, day->key()) : std::nullopt;
  return day->month != 0 && day->year == Day::from_key(key).year ? shelf_group(Grouping::kDay, day->key())
                                                                 : std::nullopt;
}

bool Reader::is_member(Grouping grouping, int64_t key, const FoundAsset& asset) {
  switch (grouping) {
    case Grouping::kAll: return true;
    case Grouping::kDay: return asset.row.is_in_flat_views() && asset.row.day == key;
    case Grouping::kKind: return asset.row.is_in_flat_views() && static_cast<int64_t>(asset.row.kind) == key;
    case Grouping::kCamera: return asset.row.is_in_flat_views() && asset.row.camera == key;
    case Grouping::kRating: return asset.row.rating == key;
    case Grouping::kRecent: return asset.row.is_in_flat_views() && asset.row.id >= recent_floor();
    case Grouping::kDuplicates:
    case Grouping::kTag:
    case Grouping::kAlbum: {
      db::Use row(statement(grouping == Grouping::kTag     ? "is_tagged"
                            : grouping == Grouping::kAlbum ? "album_position"
                                                           : "holds_blob"));
      row->bind_all(key, asset.row.id);
      return row->step();
    }
    default: return false;
  }
}

std::optional<FoundAsset> Reader::labelled(std::string_view label) {
  db::Use row(statement("find_label"));
  row->bind_all(std::string_view(fold(label)));
  if (!row->step() || row->text(1) != nfc(label)) return std::nullopt;
  return found_asset(*row);
}

std::optional<FoundAsset> Reader::find_asset(Grouping grouping, int64_t key, std::string_view name,
                                             Spelling in_originals) {
  const std::string normal = nfc(name);
  if (grouping == Grouping::kTrash) {
    db::Use row(statement("find_trash"));
    row->bind_all(std::string_view(fold(name)));
    if (!row->step() || row->text(1) != normal) return std::nullopt;
    return found_asset(*row);
  }
  if (grouping != Grouping::kFolder) {
    auto found = labelled(name);
    return found && is_member(grouping, key, *found) ? std::move(found) : std::nullopt;
  }
  db::Use rows(statement("find_entry"));
  rows->bind_all(key, std::string_view(normal));
  std::optional<FoundAsset> spelled_otherwise;
  while (rows->step()) {
    if (rows->text(1) == name) return found_asset(*rows);
    if (!spelled_otherwise && in_originals == Spelling::kAny) spelled_otherwise = found_asset(*rows);
  }
  return spelled_otherwise;
}

std::vector<FoundAsset> Reader::assets_with_stem(Grouping grouping, int64_t key, std::string_view stem) {
  std::vector<FoundAsset> found;
  if (auto bare = find_asset(grouping, key, stem); bare && split_extension(bare->name).extension.empty()) {
    found.push_back(std::move(*bare));
  }
  const bool in_folder = grouping == Grouping::kFolder;
  const std::string normal = in_folder ? nfc(stem) : fold(stem);
  {
    db::Use rows(statement(in_folder ? "entries_between" : "labels_between"));
    // All that go on with a dot, and a slash comes next after it.
    const std::string low = normal + ".";
    const std::string high = normal + "/";
    if (in_folder) {
      rows->bind_all(key, std::string_view(low), std::string_view(high));
    } else {
      rows->bind_all(std::string_view(low), std::string_view(high));
    }
    while (rows->step()) {
      FoundAsset asset = found_asset(*rows);
      const std::string_view shown = split_extension(asset.name).stem;
      if (nfc(shown) == nfc(stem)) found.push_back(std::move(asset));
    }
  }
  if (!in_folder) std::erase_if(found, [&](const FoundAsset& asset) { return !is_member(grouping, key, asset); });
  return found;
}

std::optional<FoundAsset> Reader::asset(int64_t id) {
  db::Use row(statement("asset"));
  row->bind_all(id);
  if (!row->step()) return std::nullopt;
  return found_asset(*row);
}

void Reader::assets_by_id(std::span<const int64_t> ids, const AssetVisitor& visit) {
  db::Use rows(statement("assets_by_id"));
  rows->bind_all(std::string_view(fmt::format("[{}]", fmt::join(ids, ","))));
  while (rows->step()) {
    if (!visit(asset_row(*rows))) return;
  }
}

SearchText Reader::search_text(int64_t asset) {
  db::Use row(statement("search_text"));
  row->bind_all(asset);
  SearchText text;
  if (!row->step()) return text;
  for (size_t i = 0; i < text.size(); ++i) text[i] = row->text(static_cast<int>(i));
  return text;
}

WordMatcher& Reader::word_matcher() {
  if (!word_matcher_) word_matcher_ = std::make_unique<WordMatcher>();
  return *word_matcher_;
}

std::optional<FoundAsset> Reader::version(int64_t version_id) {
  db::Use row(statement("version"));
  row->bind_all(version_id);
  if (!row->step()) return std::nullopt;
  return found_asset(*row);
}

void Reader::versions(int64_t asset, int64_t after, const AssetVisitor& visit) {
  db::Use rows(statement("list_versions"));
  rows->bind_all(asset, after);
  while (rows->step()) {
    if (!visit(asset_row(*rows))) return;
  }
}

std::optional<FoundAsset> Reader::version_numbered(int64_t asset, int64_t number) {
  std::optional<FoundAsset> found;
  versions(asset, number - 1, [&](const AssetRow& row) {
    if (row.cursor == number) found = FoundAsset{row, std::string(row.name)};
    return false;
  });
  if (found) found->row.name = {};
  return found;
}

std::optional<std::string> Reader::link_target(int64_t asset) {
  db::Use row(statement("link_target"));
  row->bind_all(asset);
  if (!row->step()) return std::nullopt;
  return std::string(row->text(0));
}

std::optional<BytesRow> Reader::bytes_of_version(int64_t version_id) {
  db::Use row(statement("bytes_of_version"));
  row->bind_all(version_id);
  if (!row->step()) return std::nullopt;
  const auto digest = Digest::from_bytes(row->text(0));
  if (!digest) fail(EUCLEAN, "{}: version {} has a malformed digest", database_.path().string(), version_id);
  return BytesRow{
      *digest,         row->integer(1),           std::string(row->text(2)), static_cast<Kind>(row->integer(3)),
      row->integer(4), std::string(row->text(5)), std::string(row->text(6))};
}

std::optional<ClipRow> Reader::clip_of_version(int64_t version_id) {
  db::Use row(statement("clip_of_version"));
  row->bind_all(version_id);
  if (!row->step()) return std::nullopt;
  const auto digest = Digest::from_bytes(row->text(0));
  if (!digest) fail(EUCLEAN, "{}: version {} has a malformed digest", database_.path().string(), version_id);
  return ClipRow{*digest, std::string(row->text(1)), std::string(row->text(2)), std::string(row->text(3))};
}

std::vector<LocationRow> Reader::locations_of_version(int64_t version_id) {
  std::vector<LocationRow> locations;
  db::Use rows(statement("locations_of_version"));
  rows->bind_all(version_id);
  while (rows->step()) locations.push_back({std::string(rows->text(0)), std::string(rows->text(1))});
  return locations;
}

}  // namespace damfs
