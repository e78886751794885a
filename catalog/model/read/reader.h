// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/db/database.h"
#include "catalog/model/rows.h"

namespace damfs {

class PackReader;
class StatementName;
class Statements;
class WordMatcher;

// Everything that a mounted tree reads. One connection; one thread at a time (Catalog::reader lends them out).
// Its statements are prepared when first used.
class Reader {
 public:
  explicit Reader(const FileIn& catalog);
  ~Reader();

  // Visitors return false to stop. They must not use this reader.
  using AssetVisitor = std::function<bool(const AssetRow&)>;
  using GroupVisitor = std::function<bool(const GroupRow&)>;

  // The assets directly in a group, by rising cursor, those behind `after`.
  void assets(Grouping grouping, int64_t key, int64_t after, const AssetVisitor& visit);
  // The groups directly below a group, by rising key, those behind `after`.
  void groups(Grouping grouping, int64_t key, int64_t after, const GroupVisitor& visit);

  std::optional<GroupRow> group(Grouping grouping, int64_t key);
  std::optional<int64_t> album_position(int64_t album, int64_t asset);
  int64_t last_album_position(int64_t album);  // 0: it is empty
  std::vector<SmartAlbum> smart_albums();      // all, by rising id
  // By the name they are listed with. `in_originals` is for folders, and what is in them; all else is found by either
  // spelling.
  std::optional<GroupRow> find_group(Grouping grouping, int64_t key, std::string_view name,
                                     Spelling in_originals = Spelling::kExact);
  std::optional<FoundAsset> find_asset(Grouping grouping, int64_t key, std::string_view name,
                                       Spelling in_originals = Spelling::kExact);

  // Those whose name without its extension is `stem`, in any spelling.
  std::vector<FoundAsset> assets_with_stem(Grouping grouping, int64_t key, std::string_view stem);

  std::optional<FoundAsset> asset(int64_t id);
  // Of those that are there, by rising id. `ids` must rise.
  void assets_by_id(std::span<const int64_t> ids, const AssetVisitor& visit);
  SearchText search_text(int64_t asset);
  WordMatcher& word_matcher();  // a scratch pad of this reader's
  std::optional<FoundAsset> version(int64_t version_id);
  std::optional<BytesRow> bytes_of_version(int64_t version_id);
  std::optional<std::string> link_target(int64_t asset);  // of a symbolic link
  std::optional<ClipRow> clip_of_version(int64_t version_id);
  std::vector<LocationRow> locations_of_version(int64_t version_id);
  WordsRow words(int64_t asset);
  std::vector<std::string> tag_paths(int64_t asset);  // "places/italy", by their names
  std::vector<std::string> tag_texts(int64_t asset);  // by what was written (names.h: tag_part)
  std::vector<int64_t> tags(int64_t asset);
  std::vector<int64_t> albums(int64_t asset);
  std::vector<std::pair<int64_t, std::string>> folder_entries(int64_t asset);  // folder id, name
  std::vector<std::pair<int64_t, std::string>> trash_entries(int64_t asset);   // trash id, name
  std::optional<TrashRow> trash_entry(int64_t id);
  // Entries that no trash shows (TrashRow::is_hidden), the oldest first.
  std::vector<int64_t> hidden_trash(int64_t deleted_before_ns);
  std::vector<VersionRow> versions(int64_t asset);  // oldest first
  // The same as rows, above the number `after`; AssetRow::cursor is the number, and the name the asset's.
  void versions(int64_t asset, int64_t after, const AssetVisitor& visit);
  std::optional<FoundAsset> version_numbered(int64_t asset, int64_t number);
  // Empty where it is the only state there is: versions/ does not list that.
  std::optional<int64_t> listed_number(int64_t version_id);
  void trash_of_uid(int64_t uid, int64_t after, const AssetVisitor& visit);  // what that one put there
  std::vector<int64_t> assets_of_blob(int64_t blob);                         // live ones that have these bytes now
  int64_t shared_blob(int64_t asset);  // what it holds beside other assets; 0: nothing
  // The assets that are copies of each other with that one, itself included, by rising id.
  void copies(int64_t asset, const std::function<bool(int64_t copy)>& visit);
  // Assets that have had several, by rising id; GroupRow::key is the asset's.
  void versioned(int64_t after, const GroupVisitor& visit);
  std::optional<FoundAsset> labelled(std::string_view label);  // live ones, wherever they are
  std::optional<std::string> attribute(int64_t asset, std::string_view name);
  std::vector<std::string> attribute_names(int64_t asset);
  std::vector<KeptDraft> kept_drafts();
  std::vector<UnprobedRow> unprobed(int64_t after, int64_t limit);  // by rising blob id
  std::string group_path(Grouping grouping, int64_t key);           // "a/b/c" below the top; "" for the top
  int64_t recent_floor();
  struct Totals {
    int64_t assets = 0;
    int64_t copies = 0;  // of them: flat views show another one for these
    int64_t blobs = 0;
    int64_t original_bytes = 0;
  };
  Totals totals();
  // Of exact copies in flat views (writer_copies.cc).
  enum class CopiesAre : uint8_t { kHidden, kShown, kBeingHidden };
  CopiesAre copies_are();

  int64_t newest_asset();  // 0: there is none
  bool has_blob(const Digest& sha256);
  // What was found wrong with its object; empty: nothing, or there is no such blob.
  std::optional<std::string> damage(const Digest& sha256);
  std::optional<SourceRow> source(std::string_view path);

  int64_t newest_change();
  int64_t newest_change_ns();  // when it was made; 0: the feed is empty
  int64_t oldest_change();     // 0: the feed is empty
  std::vector<ChangeRow> changes_after(int64_t id, int64_t most);
  // Changes whenever any process has committed to the catalog; cheap.
  int64_t data_version();

  db::Database& database() { return database_; }
  db::Statement& statement(StatementName name);  // for catalog/model alone
  Statements& statements() { return *statements_; }

 private:
  int64_t counter(std::string_view name);
  std::optional<GroupRow> value_group(Grouping grouping, int64_t key);
  void days_and_years(int64_t key, int64_t after, const GroupVisitor& visit);
  bool is_member(Grouping grouping, int64_t key, const FoundAsset& asset);

  db::Database database_;
  std::unique_ptr<Statements> statements_;
  std::unique_ptr<WordMatcher> word_matcher_;
};

}  // namespace damfs
