// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

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

#include "catalog/model/catalog.h"
#include "views/draft.h"

namespace damfs {

class Acts;
class ObjectStore;
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
// memory. Thread-safe.
class Drafts {
 public:
  struct Parts {
    Catalog& catalog;
    ObjectStore& objects;
    Acts& acts;
    Prober* prober = nullptr;  // null: nothing is looked at (tests)
  };
  explicit Drafts(Parts parts) : parts_(parts) {}
  Drafts(const Drafts&) = delete;
  Drafts& operator=(const Drafts&) = delete;

  // Lets go of what somebody meant to write to and did not, or could not. To be called now and then; the folders
  // that have fewer names than they were listed with.
  std::vector<NodeId> tidy();
  // What was parked before then and has nothing in its place is renamed in the catalog.
  void settle_parked(int64_t before_ns);
  // Those that another life of the mount left.
  void load(const std::function<const View*(unsigned code)>& view);

  DraftRef find(int64_t version) const;                        // null: none that stands for anything
  DraftRef at(NodeId directory, std::string_view name) const;  // likewise
  std::optional<Parked> parked(NodeId directory, std::string_view temporary_name) const;
  bool is_parked_away(NodeId directory, std::string_view name) const;
  // Whether the version that was parked away from that name is that one.
  bool is_parked_version(NodeId directory, std::string_view name, int64_t version) const;
  bool has_any(NodeId directory) const;
  // Whether one of that name is kept and closed, for all that is known, and could yet be written to again: the kernel
  // is not to believe for long what the name shows.
  bool may_wake(NodeId directory, std::string_view name) const;
  // Whether a folder is not empty because of them.
  bool fill(NodeId directory) const;

  // By rising number, those behind `after`; false from the visitor stops.
  using Visitor = std::function<bool(int64_t number, const std::string& name, const Attributes& attributes)>;
  void list(NodeId directory, int64_t after, const Visitor& visit) const;

  // One that may write makes it hold its name; ESTALE where another state has that.
  std::shared_ptr<DraftContent> open(const DraftRef& draft, const Actor& actor, DraftMode mode);
  // A new, empty file.
  DraftRef create(DraftPlace place, const Actor& actor, uint32_t mode);
  // The next state of a catalogued file, which begins as that is; what somebody else began meanwhile comes first.
  DraftRef overwrite(DraftPlace place, const FoundAsset& asset, const Attributes& attributes);
  void remove(const DraftRef& draft);
  // Throws when the catalog cannot take it; then it is at its new place all the same, and whoever asked moves it back.
  void move(const DraftRef& draft, const DraftPlace& to);
  // Where it has happened already: what the catalog cannot take is left to the next time.
  void move_anyway(const DraftRef& draft, const DraftPlace& to);

  // What a file that was closed in a folder, or moved there, became, when the folder does not show it under that name:
  // whoever put it there sets its times and mode by that name, or looks whether it came.
  std::optional<int64_t> filed_as(NodeId directory, std::string_view name) const;
  void note_filed(NodeId directory, std::string_view name, int64_t asset);
  void forget_filed(NodeId directory, std::string_view name);

  void park(NodeId directory, Parked parked);
  // Whoever takes it says what becomes of it.
  std::optional<Parked> take_parked(NodeId directory, std::string_view temporary_name);

 private:
  friend class Draft;
  struct Directory {
    std::map<std::string, DraftRef> drafts;  // by name in NFC
    std::vector<Parked> parked;
  };
  int64_t next_version();
  void add(const DraftRef& draft, const DraftPlace& place);
  void take_out(const DraftRef& draft);
  void put_elsewhere(const DraftRef& draft, const DraftPlace& to);
  void released(const DraftRef& draft);
  void let_go(const DraftRef& draft);
  void erase(const DraftRef& draft);
  void unpark(NodeId directory, std::string_view temporary_name);
  bool is_lone(NodeId directory, const Parked& parked) const;
  bool settle(NodeId directory, const Parked& parked);
  struct State {
    SealedFile file;
    int64_t number = 0;  // of the draft's states
  };
  void catalogue(const DraftRef& draft, State state, const UniqueFd& bytes, View::Filing filing, const Actor& actor,
                 Done done);
  void file(const DraftRef& draft, const State& state, const Actor& actor);
  bool is_known_blob(const Digest& sha256) const;

  const Parts parts_;
  std::mutex parked_mutex_;  // comes before mutex_; held while what is parked goes into the catalog
  mutable std::mutex mutex_;
  std::vector<NodeId> vanished_from_;
  std::unordered_map<NodeId, Directory> directories_;
  std::unordered_map<int64_t, DraftRef> by_version_;
  struct Filed {
    NodeId directory;
    std::string name;
    int64_t asset = 0;
    int64_t until_ns = 0;
  };
  std::deque<Filed> filed_;  // oldest first
  std::mutex reserve_mutex_;
  int64_t next_version_ = 0, last_version_ = -1;
};

}  // namespace damfs
