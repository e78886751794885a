// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/db/database.h"
#include "catalog/model/journal.h"
#include "catalog/model/rows.h"

namespace damfs {

// A file that is to get a name in originals/.
struct IncomingFile {
  Digest sha256;
  int64_t size = 0;
  int64_t mtime_ns = 0;
  std::string folder;                 // below originals/, parts joined by '/', "" for its top
  std::string name;                   // as it came, any bytes
  const MediaFacts* facts = nullptr;  // needed when the blob is new; else null
  std::string source_path;            // absolute; empty: not remembered
  SourceStamp stamp;
};

enum class Filed { kNewAsset, kNewName, kNewVersion, kKnown };

struct FiledAs {
  Filed how = Filed::kKnown;
  int64_t asset = 0;
  std::string path;  // below originals/, as it is named there now
};

// One transaction's writes, in domain terms. Made by Catalog::write. Everything that follows from a change
// (counts of names, group counts, the search index, the change feed) is worked out once an asset, at the end.
class Writer {
 public:
  explicit Writer(db::Database& database);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  db::Database& database() { return database_; }  // for tables that are nobody else's

  void touch_source(std::string_view path, const SourceStamp& stamp);

  std::optional<int64_t> asset_of_entry(int64_t entry);

  // Gives the bytes a name. Known bytes: another name for the asset that has them. Another file of that name
  // in that folder: a new version when it came from the same source path, else a name with a suffix.
  FiledAs file(const IncomingFile& incoming);

  // What a newer probe found of bytes that are catalogued already. What people said of the assets stays.
  void renew_facts(const Digest& sha256, const MediaFacts& facts);

  // Trees: '/'-separated paths, made where missing. Empty parts are EINVAL.
  int64_t ensure_folder(std::string_view path);
  // Of tags and albums.
  int64_t ensure_group(Grouping grouping, std::string_view path);
  std::optional<int64_t> find_group(Grouping grouping, std::string_view path);
  // Renames it, puts it elsewhere, or both. EEXIST where another one is called so already.
  void move_group(Grouping grouping, int64_t group, std::string_view path);
  // What is in `from`, and below it, comes into `into`; `from` is gone then.
  void merge_group(Grouping grouping, int64_t from, int64_t into);
  // With all below it; assets only leave.
  void delete_group(Grouping grouping, int64_t group);

  // False: it was so already.
  bool add_tag(int64_t asset, int64_t tag);
  bool remove_tag(int64_t asset, int64_t tag);
  bool add_to_album(int64_t asset, int64_t album);
  bool remove_from_album(int64_t asset, int64_t album);
  bool set_rating(int64_t asset, std::optional<int64_t> rating);  // -1 (rejected) to 5; empty: none
  bool set_title(int64_t asset, std::string_view text) { return set_words(Step::What::kTitle, asset, text); }
  bool set_description(int64_t asset, std::string_view text) {
    return set_words(Step::What::kDescription, asset, text);
  }

  // From here on what is changed is written down as that act's. An act that changes nothing leaves no trace.
  void begin(Act act);

  // Takes an act back, as an act of its own that was begun for it. A change that was changed again since is left as
  // it is.
  struct Undone {
    int64_t steps = 0;
    int64_t left = 0;
  };
  Undone undo(int64_t act);

  // Called once by Catalog::write, before the commit.
  void finish();

 private:
  struct Tree;
  static const Tree& tree(Grouping grouping);
  db::Statement& statement(std::string_view sql);
  std::string folder_path(int64_t folder);
  int64_t entry_of_source(std::string_view path);
  int64_t ensure_in_tree(const Tree& tree, std::string_view path);
  int64_t child_of(const Tree& tree, int64_t parent, std::string_view name, bool create);
  int64_t find_child(const Tree& tree, int64_t parent, std::string_view name);
  std::optional<NodePlace> node_of(const Tree& tree, int64_t id);
  int64_t insert_node(const Tree& tree, int64_t id, const NodePlace& node);
  void remove_node(const Tree& tree, int64_t id);
  void move_node(const Tree& tree, int64_t id, const NodePlace& to);
  bool is_empty(Grouping grouping, int64_t group);
  bool is_below(const Tree& tree, int64_t id, int64_t above);
  std::vector<int64_t> ids(const std::string& sql, int64_t group);
  bool add_member(Grouping grouping, int64_t asset, int64_t group);
  bool remove_member(Grouping grouping, int64_t asset, int64_t group);
  std::optional<int64_t> position_in_album(int64_t asset, int64_t album);
  void place_in_album(int64_t asset, int64_t album, int64_t position);
  std::string label_of(int64_t asset);
  bool set_words(Step::What what, int64_t asset, std::string_view text);
  void record(const Step& step);
  void record_node(const Tree& tree, int64_t id, const std::optional<NodePlace>& before,
                   const std::optional<NodePlace>& after);
  std::string state_of(const Step& step);
  bool restore(const Step& step);
  bool restore_node(Grouping grouping, int64_t id, std::string_view to);
  bool restore_place(int64_t asset, int64_t album, std::string_view to);
  int64_t add_blob(const IncomingFile& incoming);
  void add_technical(int64_t blob, const MediaFacts& facts);
  void add_streams(int64_t blob, const MediaFacts& facts);
  void pair_camera_proxies();
  void pair_camera_proxy(int64_t original, int64_t proxy);
  std::optional<int64_t> asset_named(int64_t folder, std::string_view path);
  int64_t add_asset(const IncomingFile& incoming, int64_t blob, const MediaFacts& facts);
  int64_t add_version(int64_t asset, int64_t blob, int64_t mtime_ns);
  void set_version(int64_t asset, int64_t version, const MediaFacts& facts, int64_t size, int64_t mtime_ns);
  void describe(int64_t asset, const MediaFacts& facts);
  void describe_again(int64_t asset, const MediaFacts& facts);
  void carry_metadata(int64_t asset, const MediaFacts& facts);
  std::optional<FiledAs> refile(const IncomingFile& incoming, int64_t folder, int64_t blob);
  int64_t add_copy(int64_t original, const IncomingFile& incoming, int64_t blob, MediaFacts facts);
  FiledAs replace_entry(int64_t entry, int64_t old_asset, const IncomingFile& incoming, int64_t blob);
  MediaFacts technical_facts(int64_t blob);
  int64_t ensure_camera(const MediaFacts& facts);
  std::string make_label(std::string_view name, const Digest& sha256);
  void remember_source(const IncomingFile& incoming, int64_t entry);
  std::optional<int64_t> asset_of_blob(int64_t blob);
  std::string free_name(int64_t folder, std::string_view name, const Digest& sha256);
  void count_in_group(Grouping grouping, int64_t key, int64_t delta);
  void move_asset_in_groups(int64_t asset, int64_t delta);
  void log_change(ChangeRow::What what, int64_t asset, int64_t version, Grouping grouping, int64_t key,
                  std::string_view name);
  void finish_assets();
  void finish_groups();
  void finish_recent();

  db::Database& database_;
  const int64_t now_ns_;
  std::unordered_map<std::string_view, std::unique_ptr<db::Statement>> statements_;
  std::unordered_map<std::string, int64_t> folder_cache_;
  std::unordered_map<int64_t, std::string> folder_paths_;
  std::map<int64_t, int64_t> touched_assets_;  // asset → its version before, or 0
  std::set<int64_t> new_assets_;
  struct NewEntry {
    int64_t folder;
    std::string name;
    int64_t asset;
  };
  std::vector<NewEntry> new_entries_;
  std::map<std::pair<Grouping, int64_t>, int64_t> group_counts_;
  std::optional<Act> act_;  // being written down
  int64_t act_id_ = 0;      // once it has a step
  int64_t steps_ = 0;
  std::set<std::pair<Grouping, int64_t>> changed_groups_;
};

// Its folder in by-camera/: the model, behind the make unless the model says it already; "" without either.
std::string camera_name(std::string_view make, std::string_view model);

}  // namespace damfs
