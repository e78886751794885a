// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/task_pool.h"
#include "catalog/model/catalog.h"
#include "views/write/draft.h"
#include "views/write/version_numbers.h"

namespace damfs {

class Acts;
class ObjectStore;
class Places;
class Prober;

// A catalogued file that an editor moved aside under a temporary name while it writes the new one: the catalog is not
// told, so that what comes in its place is a new version of it. When nothing comes, it is a rename like any other.
struct Parked {
  std::string temporary_name;
  std::string name;
  FoundAsset asset;
  const View* view = nullptr;
  int64_t key = 0;  // of the folder, in that view
  Actor actor;
  int64_t since_ns = 0;
};

// What one mount shows beside the catalog: files that are not catalogued yet, and names parked for a while. Lives in
// memory. Thread-safe; what is asked of it never waits for a disk, but where it says so.
class Drafts {
 public:
  struct Parts {
    Catalog& catalog;
    ObjectStore& objects;
    Places& places;
    Acts& acts;
    Prober* prober = nullptr;                                  // null: nothing is looked at (tests)
    std::function<std::unique_ptr<StagedBytes>()> new_file{};  // tests have files of their own
  };
  explicit Drafts(Parts parts);
  ~Drafts();
  Drafts(const Drafts&) = delete;
  Drafts& operator=(const Drafts&) = delete;

  // Drops drafts that nobody wrote to or that were given up, and tries again to catalogue those that could not be. To
  // be called now and then; gives the folders that lost entries of which the feed does not tell.
  std::vector<NodeId> tidy();
  // What was parked before then and has nothing in its place is renamed in the catalog.
  void settle_parked(int64_t before_ns);
  // Loads the drafts that an earlier mount kept.
  void load(const std::function<const View*(unsigned code)>& view);
  // Waits for all that is on its way into the catalog, and renames what is parked. To be called while the views are
  // there.
  void finish();

  DraftRef find(int64_t version) const;                        // null: none that stands for anything
  DraftRef at(NodeId directory, std::string_view name) const;  // likewise
  std::optional<Parked> parked(NodeId directory, std::string_view temporary_name) const;
  bool is_parked_away(NodeId directory, std::string_view name) const;
  // Whether the version that was parked away from that name is that one.
  bool is_parked_version(NodeId directory, std::string_view name, int64_t version) const;
  bool has_any(NodeId directory) const;
  // Whether somebody has the file of that name open, and may write to it again: its entry must not be cached.
  bool may_be_written_again(NodeId directory, std::string_view name) const;
  // Whether a folder counts as not empty (ENOTEMPTY) because of them.
  bool make_nonempty(NodeId directory) const;

  // By rising number, those behind `after`; false from the visitor stops.
  using Visitor = std::function<bool(int64_t number, const std::string& name, const Attributes& attributes)>;
  void list(NodeId directory, int64_t after, const Visitor& visit) const;

  // Opening for writing makes the name lead to the draft; ESTALE where another state has the name.
  std::shared_ptr<DraftContent> open(const DraftRef& draft, const Actor& actor, DraftMode mode);
  // A new, empty file.
  DraftRef create(DraftPlace place, const Actor& actor, uint32_t mode);
  // The next state of a catalogued file, which begins with its bytes; or the draft that somebody else began meanwhile.
  DraftRef overwrite(DraftPlace place, const FoundAsset& asset, const Attributes& attributes);
  // A sealed version is opened for writing by its inode number alone: that draft takes the writes, and while it is open
  // the version's number shows it.
  void writes_by_number(int64_t version, int64_t draft);
  DraftRef written_by_number(int64_t version) const;
  // Whether it was so a moment ago: whoever wrote by number goes on to set the times by it.
  bool was_written_by_number(int64_t version) const;
  // All that the catalog has of them is on the disk when `done` is told.
  void sync_catalog(Done done);
  // Waits for what is being filed of it.
  void remove(const DraftRef& draft);
  // Likewise. Throws when the catalog cannot take it; it is at its new place even then, and the caller moves it back.
  void move(const DraftRef& draft, const DraftPlace& to);
  // As move, of what cannot be moved back: what the catalog cannot take is logged, and tried again with the next
  // change.
  void move_anyway(const DraftRef& draft, const DraftPlace& to);

  // The asset that a file became which was closed in a folder, or moved there, and is not shown there under that name:
  // for ten seconds, so that the program can set times and mode by that name, or see that it came.
  std::optional<int64_t> filed_as(NodeId directory, std::string_view name) const;
  void note_filed(NodeId directory, std::string_view name, int64_t asset, const Actor* copied_by = nullptr);
  // Whether that program has just copied bytes to where they mean that asset, which was there before: the attributes
  // that it sets next are its copy's, and must not change the asset's.
  bool was_copied_by(const Actor& actor, int64_t asset) const;
  void forget_filed(NodeId directory, std::string_view name);

  void park(NodeId directory, Parked parked);
  // The caller decides what becomes of it.
  std::optional<Parked> take_parked(NodeId directory, std::string_view temporary_name);

 private:
  friend class Draft;
  friend class DraftContent;
  struct Directory {
    std::map<std::string, DraftRef> drafts;  // by name, as it is compared there
    std::vector<Parked> parked;
  };
  // A close that is not answered yet. The Drafts' end waits for all of them.
  class Owed {
   public:
    Owed(Drafts& drafts, DraftRef draft) : drafts_(drafts), draft_(std::move(draft)) {}
    ~Owed();
    Owed(const Owed&) = delete;
    Owed& operator=(const Owed&) = delete;
    void end();  // it is about to be given

   private:
    Drafts& drafts_;
    DraftRef draft_;
  };

  void await_all_owed();
  std::shared_ptr<Owed> owe(const DraftRef& draft);  // with the lock held, as those of the next lines
  void add(const DraftRef& draft);
  void take_out(const DraftRef& draft);
  void erase(const DraftRef& draft);  // which its caller holds, and lets go of without the lock
  DraftRef found_at(NodeId directory, std::string_view name) const;

  void put_elsewhere(const DraftRef& draft, const DraftPlace& to);
  void released(const DraftRef& draft, bool was_active);
  void settle(const DraftRef& draft);
  void let_go(const DraftRef& draft);
  void load_kept(const KeptDraft& kept, const View& view, std::unique_ptr<StagedBytes> file);
  void unpark(NodeId directory, std::string_view temporary_name);
  bool is_lone(NodeId directory, const Parked& parked) const;
  bool settle(NodeId directory, const Parked& parked);

  bool is_known_blob(const Digest& sha256) const;
  void file(const DraftRef& draft, const SealedFile& file, int64_t state, const Actor& actor);
  int try_to_file(const DraftRef& draft, const SealedFile& what, int64_t state, const Actor& actor);
  int refuse(const DraftRef& draft, int64_t state, const std::exception& error);
  void answer_awaiting(const DraftRef& draft, int64_t state, int code);
  void catalogue(const DraftRef& draft, const Draft::Sealing& sealing, const Actor& actor, Done done);
  void look_and_file(const DraftRef& draft, const Draft::Sealing& sealing, const SealedFile& what, const Actor& actor,
                     const Done& done);

  static constexpr int64_t kParkedNs = 10'000'000'000;  // editors that move a file aside write the new one at once
  static constexpr int64_t kTriesAgainNs = 2'000'000'000;

  const Parts parts_;
  std::mutex parked_mutex_;  // comes before mutex_; held while what is parked goes into the catalog

  // The lock of all drafts: of the tables, and of what is known of each draft. Never held across I/O.
  mutable std::mutex mutex_;
  std::condition_variable none_owed_;
  size_t owed_ = 0;
  std::vector<NodeId> vanished_from_;
  std::unordered_map<NodeId, Directory> directories_;
  std::unordered_map<int64_t, DraftRef> by_version_;
  struct Filed {
    NodeId directory;
    std::string name;
    int64_t asset = 0;
    int64_t until_ns = 0;
    std::string copied_by;  // a program's name, of which several processes may be at it; empty: it is what one made
    uint32_t uid = 0;
  };
  std::deque<Filed> filed_;  // oldest first
  struct ByNumber {
    std::weak_ptr<Draft> draft;
    int64_t until_ns = 0;
  };
  std::unordered_map<int64_t, ByNumber> by_number_;  // by the sealed version

  VersionNumbers numbers_;
  // Last, for their tasks use all the others. Strands run on `pool_`: its tasks never wait for a filing lock, whose
  // holders may be waiting for a strand. Those that do run on `filers_`.
  TaskPool filers_;
  TaskPool pool_;
};

}  // namespace damfs
