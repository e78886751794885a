// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/task_pool.h"
#include "catalog/places/staged_file.h"
#include "views/frame/view.h"
#include "views/write/draft_state.h"

namespace damfs {

class Drafts;
class Draft;
class DraftContent;
using DraftRef = std::shared_ptr<Draft>;
enum class DraftMode : uint8_t { kReads, kWrites };

// Where a draft has its name.
struct DraftPlace {
  NodeId directory;
  const View* view = nullptr;
  int64_t key = 0;  // of the folder, in that view
  std::string name;
};

// A file that is being written, or that its name keeps from being catalogued (litter, temporary names). Its number is
// the version that it will be, so that it has one inode from its first byte on. Thread-safe.
//
// Three things guard it, in this order:
// - its filing lock, while a state goes into the catalog, is kept, or loses its name: an act of a second or so;
// - its strand, in which its bytes are written, hashed and flushed, each in its turn: as long as the disk takes;
// - the lock of all drafts, for what is known of it (name, state, size, times): never across I/O. A lookup, a listing
//   and stat take this one alone.
class Draft : public std::enable_shared_from_this<Draft> {
 public:
  Draft(Drafts& drafts, int64_t version, DraftPlace place, DraftState state, std::unique_ptr<StagedBytes> file);

  int64_t version() const { return version_; }
  NodeId node() const { return NodeId::file(NodeId::FileKind::kOriginal, 0, version_); }

  DraftPlace place() const;
  DraftState state() const;
  bool has_name() const { return state().has_name(); }
  bool holds_name() const;
  bool has_writers() const { return state().has_writers(); }
  bool is_catalogued() const { return state().is_catalogued(); }
  int failure() const { return state().failure(); }
  void set_failure(int code);
  // Whether it is still what a version was that it began as.
  bool is_begun_from(int64_t version) const;
  // Truncates it, for a new writer; what was closed before stays a version.
  void begin_anew();
  void expect_opening();  // the kernel opens it next

  Attributes attributes() const;
  void set_attributes(const AttributeChange& change);  // but for the size
  // What is said of a file is said of its asset, at once where the catalog has that, whatever becomes of what is being
  // written. Of any other it is kept here until it is catalogued. An empty value: taken away.
  std::optional<std::string> xattr(std::string_view name) const;
  std::vector<std::string> xattr_names() const;
  void set_xattr(const Actor& actor, std::string_view name, std::string_view value);

  // ESTALE: what is to be written is another state by now.
  std::shared_ptr<DraftContent> open(const Actor& actor, DraftMode mode);

  // While a hold lives, nothing of it goes into the catalog or is kept: for whoever changes its name, or takes it away,
  // and must know what the catalog has of it.
  struct Hold {
    DraftRef draft;
    std::unique_lock<std::recursive_mutex> lock;
  };
  static std::vector<Hold> hold(std::vector<DraftRef> drafts);  // null ones are none

  // --- its bytes. At once where that is short and nothing of it is under way, else in their turn; Done is told an
  // errno. What is read is what was acknowledged before. ---
  std::vector<std::byte> read(uint64_t offset, size_t size) const;
  void write(uint64_t offset, std::span<const std::byte> data, Done done);
  void truncate(uint64_t size, Done done);
  void allocate(int mode, uint64_t offset, uint64_t size, Done done);
  // As Content::copy_from; `source` is read from `fd`, which it keeps open.
  using Copied = std::function<void(int error, size_t size)>;
  void copy_from(ContentRef source, int fd, uint64_t from, uint64_t to, size_t size, Copied copied);
  void sync(Done done);  // and keep it, whatever becomes of this mount

  // Catalogues what was written, unless its name is temporary; `done` is called then, or when that failed.
  void secure(const Actor& actor, SealWhen when, Done done);
  // The same on this thread. Returns when the bytes are safe, even if a worker has to look at them before they are
  // catalogued. Throws Error.
  void secure_now(const Actor& actor, SealWhen when);
  // Likewise; but one that takes long to be hashed is only kept, and goes into the catalog when that is done.
  void secure_soon(const Actor& actor, SealWhen when);
  void settle();  // to be called when one is done with it: where nobody has it open, it is catalogued or dropped

 private:
  friend class Drafts;
  friend class DraftContent;
  using Work = std::function<void(StagedBytes&)>;
  struct Sealing;

  int perform(const Work& work);                         // in the strand; an errno
  std::optional<int> perform_at_once(const Work& work);  // empty: it has to wait for its turn
  void perform_in_turn(Work work, Done done);
  void seal(SealWhen when, Sealing& sealing);  // in the strand
  void stays_a_draft(Done done);
  // draft_hashing.cc
  bool takes_long() const;  // with the lock held: to be hashed
  void seal_later(const Actor& actor, SealWhen when, Done done);
  void hash_and_seal(const Actor& actor, SealWhen when);
  struct Hashing;
  void hash_next(const std::shared_ptr<Hashing>& hashing);
  void prepare();  // in the strand
  void keep(Durability durability);
  KeptDraft kept_row() const;  // with the lock held
  void keep_rights();
  int keep_for_now();
  void keep_synced(Done done);
  bool answer_when_filed(Done& done);  // with the lock held
  void answer_later(int error, Done done);
  int await_filing();
  using Xattrs = std::map<std::string, std::string, std::less<>>;
  Xattrs apply_xattrs(Writer& writer, int64_t asset, bool was_there) const;
  void forget_xattrs(const Xattrs& applied);
  // The asset that it is a state of, or is to be. One that has other names may be another's when this is sealed.
  std::optional<FoundAsset> asset() const;
  std::optional<FoundAsset> lone_asset() const;
  bool tells(std::string_view xattr) const;  // what that says of the asset is true of these bytes too
  // With the lock held: its name is no lasting one; and what was written is to be kept all the same.
  bool has_temporary_name() const;
  bool is_to_be_kept() const;

  Drafts& drafts_;
  const int64_t version_;
  // Recursive, for leaving a name may keep or catalogue it.
  std::recursive_mutex filing_mutex_;
  Strand strand_;
  const std::unique_ptr<StagedBytes> file_;  // the strand's

  // Guarded by the lock of all drafts.
  DraftPlace place_;
  DraftState state_;
  std::shared_ptr<const UniqueFd> bytes_;  // of file_, as is size_, when it was last changed
  uint64_t size_ = 0;
  uint64_t left_to_hash_ = 0;           // likewise
  std::optional<uint64_t> data_bytes_;  // Attributes'
  bool is_hashed_ = false;              // in the background
  NodeId replaces_;                     // whose number it shows until it is sealed
  int64_t begun_from_ = 0;              // KeptDraft's
  Ownership ownership_;
  int64_t mtime_ns_ = 0;
  int64_t ctime_ns_ = 0;
  Xattrs xattrs_;
  Actor actor_;                // who opened it last
  bool keeps_before_ = false;  // SealedFile's, of the next state
  bool is_by_number_ = false;  // the kernel may not know that its name leads here
  bool is_kept_ = false;       // it outlives this mount
  int64_t kept_change_ = 0;    // what is kept has the changes up to that number
  // Told when the state up to that change has been filed; some, who have no more to wait for, when it is looked at
  // first.
  struct Awaiting {
    int64_t state = 0;
    bool is_for_bytes = false;
    Done done;
  };
  std::vector<Awaiting> awaiting_;
  int looks_ = 0;  // states that workers look at before they are filed
};

}  // namespace damfs
