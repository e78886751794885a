// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/db/database.h"
#include "catalog/model/catalog.h"
#include "catalog/model/journal.h"
#include "catalog/model/rows.h"
#include "catalog/model/write/asset_date.h"
#include "catalog/model/write/sidecar.h"

namespace damfs {

class StatementName;
class Statements;

// A file that is to get a name in originals/.
struct IncomingFile {
  Digest sha256;
  int64_t size = 0;
  std::optional<int64_t> data_bytes{};  // of them, those that are no hole; empty: all
  int64_t mtime_ns = 0;
  int64_t version = 0;                // the id that its version is to have; 0: a new one
  std::string folder;                 // below originals/, parts joined by '/', "" for its top
  std::string name;                   // as it came, any bytes
  const MediaFacts* facts = nullptr;  // needed when the blob is new; else null
  std::string source_path;            // absolute; empty: not remembered
  SourceStamp stamp;
  int64_t copy_of = 0;        // the member of an archive that has these bytes (ingest/copies.h); 0: none is known
  Ownership ownership{};      // for a new asset
  bool is_import = false;     // it is known again by its folder, name and bytes
  bool only_unknown = false;  // nothing is made of bytes that an asset holds already
  std::optional<std::string> link{};  // a symbolic link: what it says, of which `sha256` and `size` are then
  std::vector<Ownership> folders{};   // for those of `folder` that are made for it, by its parts; may be shorter
};

enum class Filed {
  kNewAsset,     // with bytes that nobody had
  kNewCopy,      // a new asset too, with bytes that others have
  kBroughtBack,  // an asset that was in the trash
  kNewVersion,
  kKnown,
};

struct FiledAs {
  Filed how = Filed::kKnown;
  int64_t asset = 0;
  std::string path;  // below originals/, as it is named there now
};

// A file as it is when its last writer closes it: its bytes are an object already.
struct SealedFile {
  int64_t version = 0;  // reserved for it: its inode number since it was created
  Digest sha256;
  int64_t size = 0;
  std::optional<int64_t> data_bytes{};  // of them, those that are no hole; empty: all
  int64_t mtime_ns = 0;
  Ownership ownership{};
  const MediaFacts* facts = nullptr;  // null: not looked at yet
  int64_t copy_of = 0;                // IncomingFile's
  bool keeps_before = false;          // what its version had until now was a file to its end, and stays as an older one
};

// A name in originals/.
struct EntryRow {
  int64_t id = 0;
  int64_t folder = 0;
  std::string name;
  int64_t asset = 0;
};

// An extended attribute: a date before which an asset is not purged.
inline constexpr std::string_view kLockAttribute = "user.damfs.lock_until";

// One transaction's writes, in domain terms. Made by Catalog::write. Everything that follows from a change
// (counts of names, group counts, the search index, the change feed) is worked out once an asset, at the end.
class Writer {
 public:
  Writer(db::Database& database, Statements& statements, const DateRules& dates);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  db::Database& database() { return database_; }
  db::Statement& statement(StatementName name);  // for tables that Writer does not know

  std::optional<int64_t> asset_of_entry(int64_t entry);

  // Files bytes under a name of their own. A source path that has not changed since it was filed last stays what it
  // became (asset 0: nothing is left of that); so does what came into that folder by that name with those bytes, from
  // whichever path. Where another file has that name in that folder: a new version of it when both came from the same
  // source path, else a name with a suffix.
  FiledAs file(const IncomingFile& incoming);

  // Records that an asset without an origin was copied from that member of an archive (0: of none), if the member is
  // still shown.
  void link_copy(int64_t asset, int64_t member);

  // Replaces the facts of catalogued bytes by those of a newer probe. What people said of the assets stays.
  void renew_facts(const Digest& sha256, const MediaFacts& facts);

  // Trees: '/'-separated paths, made where missing. Empty parts are EINVAL.
  // `of_new`: whose each part of the path is to be where it is made; may be shorter than the path.
  int64_t ensure_folder(std::string_view path, std::span<const Ownership> of_new = {});
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
  bool add_to_album(int64_t asset, int64_t album);  // at the end
  bool remove_from_album(int64_t asset, int64_t album);
  bool set_rating(int64_t asset, std::optional<int64_t> rating);  // -1 (rejected) to 5; empty: none
  bool set_title(int64_t asset, std::string_view text) { return set_words(Step::What::kTitle, asset, text); }
  bool set_description(int64_t asset, std::string_view text) {
    return set_words(Step::What::kDescription, asset, text);
  }

  // --- exact copies in flat views (writer_copies.cc); for show_copies in model/write/shown_copies.h alone ---
  bool begin_to_show_copies(bool show);  // false: it is so already
  std::optional<int64_t> settle_more_copies(
      int64_t after);  // of some blobs with higher numbers; the last one's, or end

  // --- names in originals/ and the trash (writer_entries.cc) ---
  std::optional<EntryRow> entry_at(int64_t folder, std::string_view name);
  // Gives the asset one more name; the entry's id. EEXIST where there is such a name.
  int64_t add_entry(int64_t folder, std::string_view name, int64_t asset);
  void move_entry(const EntryRow& entry, int64_t folder, std::string_view name);
  // The name goes to the trash, under `trash_name` or what is free beside it; an asset without names goes with it.
  int64_t trash_entry(const EntryRow& entry, int64_t uid, std::string_view trash_name = {});
  // Likewise for a file that was made a moment ago and has neither words nor tags: it is hidden from the trash, and the
  // journal forgets it. False: it is not such a file, and nothing was done.
  bool trash_short_lived(const EntryRow& entry, int64_t uid);
  // Out of the trash, to a name of its own.
  void restore_entry(const TrashRow& trash, int64_t folder, std::string_view name);
  std::optional<TrashRow> trash_row(int64_t id);
  // It leaves the trash and no name is left; its bytes stay until they are purged.
  void drop_trash(int64_t trash);
  // `entry` becomes the new state of what `over` names; its own name goes.
  void replace_entry_by(const EntryRow& over, const EntryRow& entry);

  // --- symbolic links (writer_links.cc) ---
  // A new one. The object of an empty file must be there (ObjectStore::keep_empty).
  int64_t add_link(int64_t folder, std::string_view name, std::string_view target, const Ownership& ownership);
  bool is_link(int64_t asset);

  // --- files that were written through the mount (writer_sealed.cc) --- Reserves so many version ids; the first of
  // them.
  int64_t reserve_versions(int64_t count);
  // A new asset. A name that is there: its new state.
  FiledAs seal(const SealedFile& file, int64_t folder, std::string_view name);
  // A file that is not catalogued yet, so that another life of the mount finds it.
  void keep_draft(const KeptDraft& draft);
  void forget_draft(int64_t version);
  // The asset of that owner's that holds these bytes: the one that is labelled so, else the oldest.
  std::optional<int64_t> asset_with(const Digest& sha256, const Ownership& owner, std::string_view label);
  std::optional<int64_t> oldest_with(const Digest& sha256);
  // New bytes for all names of the asset.
  FiledAs seal_version(const SealedFile& file, int64_t asset);
  // The asset in that group that is labelled so.
  std::optional<int64_t> member_called(Grouping grouping, int64_t group, std::string_view label);
  AssetState state_of_asset(int64_t asset);
  int64_t current_version(int64_t asset);
  std::string label_of(int64_t asset);
  // `name`, or the like where another file or a folder has it. It follows from the bytes.
  std::string free_name(int64_t folder, std::string_view name, const Digest& sha256,
                        const std::optional<std::string>& link = {});
  // The first probe of bytes that were catalogued without one: facts, and what the file says of itself.
  void learn_facts(const Digest& sha256, const MediaFacts& facts);
  // An older version becomes the newest one once more, as a new one.
  bool revert(int64_t asset, int64_t version);

  void set_mtime(int64_t asset, int64_t mtime_ns);
  // The day that a file of that name would be shown under. No facts: it is not probed yet.
  Day day_of(const MediaFacts* facts, std::string_view name, int64_t mtime_ns) const;
  void set_ownership(int64_t asset, const Ownership& ownership);  // what is empty stays
  // Nobody may write to it until it is unlocked, which gives its mode back as it was.
  void lock_mode(int64_t asset);
  void unlock_mode(int64_t asset);
  void set_folder(int64_t folder, const Ownership& ownership, std::optional<int64_t> mtime_ns);
  void set_attribute(int64_t asset, std::string_view name, std::string_view value);
  bool remove_attribute(int64_t asset, std::string_view name);
  bool has_attribute(int64_t asset, std::string_view name);
  bool has_rating(int64_t asset);
  bool has_words(Step::What what, int64_t asset);  // kTitle, kDescription

  // --- objects (writer_damage.cc) ---
  // Reads of those bytes fail with that reason from now on, until they are whole. False: it was known so already.
  bool mark_damaged(const Digest& sha256, std::string_view reason);
  bool mark_whole(const Digest& sha256);

  // --- the only ways to lose something (purge.cc) ---
  void purge_asset(int64_t asset);      // one in the trash; any other is left alone
  void purge_version(int64_t version);  // not the newest one
  void forget_purged_sources();         // so that an import takes them in again

  // --- groups by id ---
  int64_t make_group(Grouping grouping, int64_t parent, std::string_view name);  // EEXIST
  void remove_group(Grouping grouping, int64_t group);                           // ENOTEMPTY
  void move_group_to(Grouping grouping, int64_t group, int64_t parent, std::string_view name);
  bool add_member(Grouping grouping, int64_t asset, int64_t group);
  bool remove_member(Grouping grouping, int64_t asset, int64_t group);

  // --- albums with a query or with numbers (writer_albums.cc) ---
  // Empty: it is filled by hand from now on. EINVAL for what is no query, ENOTEMPTY where something is in the album,
  // ELOOP where the query would lead back to it. False: it was so already.
  bool set_album_query(int64_t album, std::string_view query);
  std::string album_query(int64_t album);
  void require_by_hand(int64_t album);  // EROFS for a smart one
  bool set_album_numbers(int64_t album, bool shown);
  bool shows_numbers(int64_t album);
  // By album_numbers.h. What stands there moves on by one, and what stands behind that without a gap between; what
  // is moved within the album closes its own gap so. False: nothing changed.
  bool add_to_album_at(int64_t asset, int64_t album, int64_t number);
  bool move_in_album(int64_t asset, int64_t album, int64_t number);
  // To where it stood, when nothing stands there by now.
  bool put_back_in_album(int64_t asset, int64_t album, int64_t position);
  std::optional<int64_t> position_in_album(int64_t asset, int64_t album);
  int64_t last_position_in_album(int64_t album);

  std::vector<int64_t> tags_of(int64_t asset);
  std::map<std::string, int64_t> tag_texts_of(int64_t asset);  // paths of what was written
  // A tag as people call it: a path, or else what was written in a single one, which may hold a '/'.
  std::optional<int64_t> tag_called(std::string_view text);

  // From here on changes are recorded in the journal as that act's. An act that changes nothing is not recorded.
  void begin(Act act);
  // Gives the act another name, now that more was done in it.
  void call_act(std::string_view what);

  // Undoes an act, as an act of its own that was begun for it. What was changed again since is left as it is.
  struct Undone {
    int64_t steps = 0;
    int64_t left = 0;
    std::vector<Step> left_steps{};  // the first of them
  };
  Undone undo(int64_t act);

  // Called once by Catalog::write, before the commit.
  Written finish();

 private:
  struct Tree;
  class WithinAct;
  struct FoundSidecar {
    int64_t asset = 0;  // the sidecar's own
    SidecarWords words;
    int64_t mtime_ns = 0;
    int rank = 0;  // among those of one file: whole names before stems, case as it is before another
  };
  static const Tree& tree(Grouping grouping);
  db::Statement& statement_of(const GroupingRow& grouping, StatementName name);
  db::Statement& touch_row(const GroupingRow& grouping);
  int64_t value_of(StatementName name);  // of its first row; 0: there is none
  std::string folder_path(int64_t folder);
  int64_t entry_of_source(std::string_view path);
  std::optional<FiledAs> same_source(const IncomingFile& incoming);
  void log_changed_bytes(int64_t blob);
  int64_t ensure_in_tree(const Tree& tree, std::string_view path);
  int64_t child_of(const Tree& tree, int64_t parent, std::string_view name, bool create);
  int64_t find_child(const Tree& tree, int64_t parent, std::string_view name);
  int64_t ensure_tag(int64_t parent, std::string_view part, bool create);
  void put_tag_text(int64_t tag, std::string_view text);
  void adopt_tag_texts(int64_t asset, const std::vector<std::string>& tags);
  std::optional<NodePlace> node_of(const Tree& tree, int64_t id);
  int64_t insert_node(const Tree& tree, int64_t id, const NodePlace& node);
  void remove_node(const Tree& tree, int64_t id);
  void move_node(const Tree& tree, int64_t id, const NodePlace& to);
  bool is_empty(Grouping grouping, int64_t group);
  bool is_below(const Tree& tree, int64_t id, int64_t above);
  std::vector<int64_t> ids(StatementName name, int64_t group);
  std::vector<int64_t> children_of(const Tree& tree, int64_t group);
  std::vector<int64_t> ids(db::Statement& statement, int64_t group);
  void place_in_album(int64_t asset, int64_t album, int64_t position);
  bool set_words(Step::What what, int64_t asset, std::string_view text);
  void record(const Step& step);
  template <typename... Keys>
  void forget_steps(StatementName name, const Keys&... keys);
  void record_node(const Tree& tree, int64_t id, const std::optional<NodePlace>& before,
                   const std::optional<NodePlace>& after);
  std::string state_of(const Step& step);
  bool restore(const Step& step);
  bool restore_state(const Step& step);
  bool has_place(int64_t asset);  // a name in originals/, or in the trash
  bool owns_current_version(int64_t asset);
  void settle_renamed_over(const std::map<int64_t, Step>& renamed_over);  // asset → the last name it had
  bool restore_node(Grouping grouping, int64_t id, std::string_view to);
  std::string folder_rights(int64_t folder);
  void record_folder_rights(int64_t folder);
  bool restore_folder_rights(const Step& step);
  bool restore_place(int64_t asset, int64_t album, std::string_view to);
  void put_album_query(int64_t album, std::string_view query);
  bool restore_album_query(const Step& step);
  bool is_taken(int64_t album, int64_t position);
  void move_to_position(int64_t asset, int64_t album, int64_t position);
  void make_room(int64_t album, int64_t position, int64_t step);
  void put_album_numbers(int64_t album, bool shown);
  int64_t add_blob(const IncomingFile& incoming);
  void add_technical(int64_t blob, const MediaFacts& facts);
  void add_streams(int64_t blob, const MediaFacts& facts);
  void add_sidecar(int64_t blob, const MediaFacts& facts);
  void apply_changed_sidecars();
  void gather_assets_named_by(const EntryRow& sidecar, std::set<int64_t>& assets);
  std::optional<FoundSidecar> best_sidecar(int64_t asset);
  void apply_sidecar(int64_t asset);
  void unapply_sidecar(int64_t asset);
  void note_applied_words(int64_t asset, const SidecarWords& applied, const SidecarWords& now);
  SidecarWords applied_sidecar_words(int64_t asset);
  void merge_words(int64_t asset, const SidecarWords& before, const SidecarWords& now);
  void add_pack(int64_t blob, const Pack& members, std::string_view charset);
  void remove_members(int64_t blob);
  void remove_pack(int64_t blob);
  int64_t ensure_material(int64_t blob, std::string_view wanted);
  std::string free_pack_name(StatementName is_taken, std::string_view wanted, std::string_view otherwise);
  void name_pack(int64_t asset);
  void unlink_copy(int64_t asset);
  void pair_camera_proxies();
  void pair_camera_proxy(int64_t original, int64_t proxy);
  std::optional<int64_t> asset_named(int64_t folder, std::string_view path);
  int64_t add_asset(const IncomingFile& incoming, int64_t blob, const MediaFacts& facts);
  // `id` 0: a new one.
  int64_t add_version(int64_t asset, int64_t blob, int64_t mtime_ns, int64_t id = 0);
  void set_state(int64_t asset, AssetState state);
  void settle_state(int64_t asset);
  int64_t count_of(StatementName name, int64_t id);
  void remove_entry(const EntryRow& entry);
  void absorb(const EntryRow& over, const EntryRow& entry);
  void add_places_of(int64_t asset, int64_t to);
  void copy_ownership(int64_t from, int64_t to);
  std::string free_trash_name(std::string_view name);
  void insert_trash(const TrashRow& row);
  // Makes it the asset's newest, and says so in the journal.
  void adopt_version(int64_t asset, int64_t version, const MediaFacts& facts);
  void show_version(int64_t asset, int64_t version, const MediaFacts& facts);
  // Without a number to be had again, it gets the asset's next one.
  void set_owner_of_version(int64_t version, int64_t asset, int64_t number = 0);
  std::string owner_of_version(int64_t version);  // as Step tells it
  bool restore_owner(const Step& step);
  // The folder of an asset in versions/ appears, goes or has other names.
  void log_changed_versions(int64_t asset);
  void log_removed_version(int64_t version, int64_t asset);
  IncomingFile incoming_of(const SealedFile& file, std::string_view name);
  int64_t unused_version(int64_t version);
  int64_t add_sealed_blob(const SealedFile& file);
  FiledAs seal_over(const SealedFile& file, const EntryRow& entry, int64_t blob);
  int64_t blob_with(const Digest& sha256);  // 0: there is none
  enum class Look { kFirst, kAgain };
  void look_again(int64_t blob, const MediaFacts& facts, Look look);
  void drop_blob_if_unused(int64_t blob);
  void keep_before(int64_t asset, int64_t version, int64_t blob);
  bool amend(const SealedFile& file, const EntryRow& entry, int64_t blob);
  bool restore_version(const Step& step);
  bool restore_entry_step(const Step& step);
  bool restore_trash_step(const Step& step);
  void set_version(int64_t asset, int64_t version, const MediaFacts& facts, int64_t size, int64_t mtime_ns);
  void describe(int64_t asset, const MediaFacts& facts);
  void describe_again(int64_t asset, const MediaFacts& facts);
  AssetDate date_of(int64_t asset, const MediaFacts& facts, int64_t mtime_ns);
  void put_date(int64_t asset, const AssetDate& date);
  void renew_date(int64_t asset);
  SidecarWords applied_words(int64_t asset, SidecarForm form);
  void remember_applied_words(int64_t asset, SidecarForm form, const SidecarWords& words);
  Act act_that_brought(int64_t asset);
  void add_words(int64_t blob, const MediaFacts& facts);
  std::optional<FiledAs> refile(const IncomingFile& incoming, int64_t blob);
  int64_t add_copy(int64_t original, const IncomingFile& incoming, int64_t blob, MediaFacts facts);
  FiledAs replace_entry(int64_t entry, int64_t old_asset, const IncomingFile& incoming, int64_t blob);
  MediaFacts technical_facts(int64_t blob);
  int64_t ensure_label(const GroupingRow& grouping, const MediaFacts& facts);
  std::string make_label(std::string_view name, int64_t asset);
  void remember_source(const IncomingFile& incoming, int64_t entry);
  std::optional<FiledAs> arrived_before(const IncomingFile& incoming, int64_t blob);
  int64_t arrival_folder(const std::string& path);
  struct Copies {
    int64_t blob = 0;
    std::string reach;
    friend bool operator==(const Copies&, const Copies&) = default;
  };
  int64_t gate_of(int64_t folder);
  Copies copies_now(int64_t asset);
  Copies copies_as_told(int64_t asset);
  std::vector<int64_t> oldest_of(const Copies& copies);
  void settle_standings(const Copies& copies);
  int64_t blob_of_links();
  void set_link(int64_t asset, std::string_view target);
  void require_file(int64_t asset);  // EPERM for a symbolic link
  void set_is_copy(int64_t asset, bool is_copy);
  int64_t count_holder(int64_t blob, int64_t delta, int64_t asset);  // how many there are
  void reach_changes_below(int64_t folder);
  void settle_copies(int64_t asset);
  void settle_all_copies();
  void forget_undone_sources();
  void count_in_group(Grouping grouping, int64_t key, int64_t delta);
  void move_asset_in_groups(int64_t asset, int64_t delta);
  void log_change(ChangeRow::What what, int64_t asset, int64_t version, Grouping grouping, int64_t key,
                  std::string_view name);
  std::optional<int64_t> mode_of(int64_t asset);
  Ownership ownership_of_asset(int64_t asset);
  void set_mode(int64_t asset, std::optional<int64_t> mode);
  void log_members_rights(int64_t asset);
  void finish_assets();
  void finish_groups();
  void finish_recent();

  db::Database& database_;
  Statements& statements_;
  const DateRules dates_;
  const int64_t now_ns_;
  std::unordered_map<std::string, int64_t> folder_cache_;
  std::unordered_map<int64_t, std::string> folder_paths_;
  std::unordered_map<std::string, int64_t> arrival_folders_;
  std::vector<int64_t> undone_entries_;
  std::map<int64_t, int64_t> touched_assets_;  // asset → its version before, or 0
  std::set<int64_t> new_assets_;
  std::set<int64_t> uncounted_;                 // new ones that no group counts yet
  std::unordered_map<int64_t, int64_t> gates_;  // folder → gate_of()
  std::set<int64_t> reach_changed_folders_;     // folders
  struct NewEntry {
    int64_t folder;
    std::string name;
    int64_t asset;
  };
  std::vector<NewEntry> new_entries_;
  std::set<int64_t> changed_sidecars_;
  std::vector<EntryRow> undone_sidecars_;  // names that an undo took away
  bool is_undoing_ = false;
  bool leaves_its_name_ = false;  // while a step is taken back: see undo
  std::map<std::pair<Grouping, int64_t>, int64_t> group_counts_;
  std::optional<Act> act_;  // being written down
  int64_t act_id_ = 0;      // once it has a step
  int64_t steps_ = 0;
  int64_t first_change_ = 0;
  std::set<std::pair<Grouping, int64_t>> changed_groups_;
};

}  // namespace damfs
