// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/reader.h"

#include <fmt/format.h>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/read/asset_row.h"
#include "catalog/model/search/word_matcher.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

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
  row.mtime_ns = integer_at(statement, at);
  row.ownership = ownership_at(statement, at + 1);
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

std::string value_name(Grouping grouping, int64_t key) {
  if (key == 0) return {};
  if (grouping == Grouping::kDay || grouping == Grouping::kYear) return Day::from_key(key).text();
  return grouping == Grouping::kKind ? std::string(to_string(static_cast<Kind>(key))) : std::to_string(key);
}

}  // namespace

Reader::Reader(const FileIn& catalog) : database_(catalog, db::Database::Mode::kReadWrite) {
  // Listings run through the catalog once; a large page cache a thread would only be resident memory.
  database_.execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY");
  statements_ = std::make_unique<Statements>(database_);
}
Reader::~Reader() = default;

db::Statement& Reader::statement(StatementName name) { return (*statements_)[name]; }

void Reader::assets(Grouping grouping, int64_t key, int64_t after, const AssetVisitor& visit) {
  const std::string name = fmt::format("assets_of_{}", row_of(grouping).name);
  db::Statement* const statement = statements_->find(name);
  if (statement == nullptr) return;
  db::Use rows(*statement);
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
  const GroupingRow& of = row_of(grouping);
  const bool is_label = of.form == GroupForm::kLabel && key == 0;
  if (of.form == GroupForm::kTree || is_label) {
    db::Use rows(statements_->of(of, is_label ? StatementName("list_{label}") : StatementName("list_{tree}")));
    is_label ? rows->bind_all(after) : rows->bind_all(key, after);
    while (rows->step()) {
      if (!visit(group_row(*rows, grouping, key))) return;
    }
  } else if (grouping == Grouping::kDuplicates && key == 0) {
    db::Use rows(statement("list_duplicates"));
    rows->bind_all(after);
    while (rows->step()) {
      if (!visit(duplicates_row(*rows))) return;
    }
  } else if (of.last != 0 && key == 0) {
    for (int64_t each = after + 1; each <= of.last; ++each) {
      if (!visit(*value_group(grouping, each))) return;
    }
  } else if (grouping == Grouping::kYear) {
    days_and_years(key, after, visit);
  }
}

// The years, or the days of one.
void Reader::days_and_years(int64_t key, int64_t after, const GroupVisitor& visit) {
  const Grouping below = key == 0 ? Grouping::kYear : Grouping::kDay;
  db::Use rows(statement("list_shelf"));
  rows->bind_all(static_cast<int64_t>(below), std::max(key, after), key == 0 ? INT64_MAX : key + 512);
  while (rows->step()) {
    GroupRow row;
    row.key = rows->integer(0);
    row.name = value_name(below, row.key);
    row.changed_ns = rows->integer(1);
    row.parent = key;
    if (!visit(row)) return;
  }
}

std::optional<GroupRow> Reader::value_group(Grouping grouping, int64_t key) {
  db::Use row(statement("shelf"));
  row->bind_all(static_cast<int64_t>(grouping), key);
  const bool stored = row->step();
  // The tops, the kinds and the ratings are always there; days and years only while they hold something.
  const bool always = key == 0 || key <= row_of(grouping).last;
  if (!always && (!stored || row->integer(0) <= 0)) return std::nullopt;
  GroupRow group;
  group.key = key;
  group.name = value_name(grouping, key);
  group.changed_ns = stored ? row->integer(1) : 0;
  group.parent = grouping == Grouping::kDay ? Day{Day::from_key(key).year, 0, 0}.key() : 0;
  return group;
}

std::optional<GroupRow> Reader::group(Grouping grouping, int64_t key) {
  const GroupingRow& of = row_of(grouping);
  if (grouping == Grouping::kDuplicates && key != 0) {
    db::Use row(statement("duplicates"));
    row->bind_all(key);
    return row->step() ? std::optional(duplicates_row(*row)) : std::nullopt;
  }
  const bool is_stored = of.form == GroupForm::kTree || (of.form == GroupForm::kLabel && key != 0);
  if (!is_stored) return value_group(grouping, key);
  db::Use row(statements_->of(of, of.form == GroupForm::kTree ? StatementName("{tree}") : StatementName("{label}")));
  row->bind_all(key);
  if (!row->step()) return std::nullopt;
  return group_row(*row, grouping);
}

std::optional<GroupRow> Reader::find_group(Grouping grouping, int64_t key, std::string_view name,
                                           Spelling in_originals) {
  const GroupingRow& of = row_of(grouping);
  if (of.form == GroupForm::kTree || of.form == GroupForm::kLabel) {
    const std::string name_key = grouping == Grouping::kFolder ? nfc(name) : fold(name);
    db::Use rows(statements_->of(
        of, of.form == GroupForm::kTree ? StatementName("find_{tree}") : StatementName("find_{label}")));
    if (of.form == GroupForm::kTree) {
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
  for (int64_t each = 1; key == 0 && each <= of.last; ++each) {
    if (value_name(grouping, each) == name) return value_group(grouping, each);
  }
  if (grouping != Grouping::kYear) return std::nullopt;
  const auto day = Day::parse(name);
  if (!day || day->text() != name) return std::nullopt;
  if (key == 0) return day->month == 0 ? value_group(Grouping::kYear, day->key()) : std::nullopt;
  return day->month != 0 && day->year == Day::from_key(key).year ? value_group(Grouping::kDay, day->key())
                                                                 : std::nullopt;
}

bool Reader::is_member(Grouping grouping, int64_t key, const FoundAsset& asset) {
  const GroupingRow& of = row_of(grouping);
  if (of.is_flat && !asset.row.is_in_flat_views()) return false;
  if (is_counted(of)) return key_in(asset.row, of) == key;
  if (grouping == Grouping::kAll) return true;
  if (grouping == Grouping::kRecent) return asset.row.id >= recent_floor();
  const std::string name = fmt::format("is_in_{}", of.name);
  db::Statement* const statement = statements_->find(name);
  if (statement == nullptr) return false;
  db::Use row(*statement);
  row->bind_all(key, asset.row.id);
  return row->step();
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
    db::Use rows(statement(in_folder ? StatementName("entries_between") : StatementName("labels_between")));
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
