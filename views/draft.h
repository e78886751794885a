// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/store/staged_file.h"
#include "views/view.h"

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
class Draft : public std::enable_shared_from_this<Draft> {
 public:
  Draft(Drafts& drafts, int64_t version, DraftPlace place, StagedFile file);

  int64_t version() const { return version_; }
  NodeId node() const { return NodeId::file(NodeId::FileKind::kOriginal, 0, version_); }

  DraftPlace place() const;
  void set_place(DraftPlace place);
  bool has_name() const;
  void unlinked();  // it has no name any more

  // Whether its name leads here: the catalog does not show all that was written, or somebody writes, or is about to.
  bool holds_name() const;
  // Whether its number leads here: also while anybody has it open.
  bool holds_number() const { return handles_ > 0 || holds_name(); }
  // The catalog has all of it, and nobody writes.
  bool is_catalogued() const { return is_sealed_ && !is_dirty_ && active_ == 0; }
  // Nothing was written and nobody writes; it was only made because somebody might.
  bool is_idle() const;
  // Its writer was told that it cannot be kept, and has left.
  bool is_given_up() const;
  // An errno that its writer met, or 0: what is there is not what was meant.
  int failure() const;
  void set_failure(int code);
  // Whether it is still what a version was that it began as.
  bool is_begun_from(int64_t version) const;
  bool is_awaited() const;
  bool is_expected() const;
  void touch();           // somebody found it: if nothing else keeps it, that does for a while
  void expect_opening();  // whoever asked for the name opens it next

  Attributes attributes() const;
  void set_attributes(const AttributeChange& change);
  // Kept here until it is catalogued, and then said of the asset. An empty value: taken away.
  std::optional<std::string> xattr(std::string_view name) const;
  std::vector<std::string> xattr_names() const;
  std::optional<FoundAsset> catalogued() const;  // as what the catalog has all of it, if it has
  void set_xattr(std::string_view name, std::string_view value);
  void apply_xattrs(Writer& writer, int64_t asset) const;
  void begin_as(const Attributes& attributes);  // what it takes over from what it replaces

  // ESTALE: what is to be written is another state by now.
  std::shared_ptr<DraftContent> open(const Actor& actor, DraftMode mode);

  // While a hold lives, nothing of it goes into the catalog or is kept: for whoever changes its name, or takes it away,
  // and must know what the catalog has of it.
  struct Hold {
    DraftRef draft;
    std::unique_lock<std::recursive_mutex> lock;
  };
  static std::vector<Hold> hold(std::vector<DraftRef> drafts);  // null ones are none

  // Handles. One that may write is active from when it is opened or written through until it is closed: of a closed
  // one the kernel tells twice, and the second time late.
  void opened(const Actor& actor);
  void released();
  void activated() { ++active_; }
  void deactivated() { --active_; }
  bool has_active() const { return active_ > 0; }
  bool has_handles() const { return handles_ > 0; }

  std::vector<std::byte> read(uint64_t offset, size_t size) const;
  void write(uint64_t offset, std::span<const std::byte> data);
  void truncate(uint64_t size);
  void allocate(int mode, uint64_t offset, uint64_t size);
  size_t copy_from(int source, uint64_t source_size, const std::optional<Digest>& source_sha256, uint64_t from,
                   uint64_t to, size_t size);
  void sync();  // and keep it, whatever becomes of this mount

  // What was written is catalogued, if its name lets it be; then, or when that failed, `done` is called. A file that
  // was made and never written to is only kept when it is closed for good: shells close a copy of a descriptor first.
  enum class When { kClosed, kReleased };
  void secure(const Actor& actor, When when, Done done);
  // It outlives this mount, under the name it has.
  void keep(Durability durability);
  void secure_now(const Actor& actor, When when);  // throws Error

 private:
  friend class Drafts;
  int kept_as_draft();
  bool is_to_be_sealed(When when) const;  // with mutex_ held
  template <typename Work>
  auto change(Work&& work);

  Drafts& drafts_;
  const int64_t version_;
  std::atomic<int> handles_{0};
  std::atomic<int> active_{0};
  std::atomic<int> securing_{0};
  std::atomic<int> expected_{0};
  std::atomic<int64_t> expected_until_ns_{0};
  std::atomic<int64_t> found_until_ns_{0};
  std::atomic<bool> is_dirty_{false};   // written since it was last sealed; changed with mutex_ held, as the next one
  std::atomic<bool> is_sealed_{false};  // catalogued, in some state
  mutable std::mutex mutex_;            // held while its own bytes are written; guards all below
  DraftPlace place_;
  bool has_name_ = true;
  StagedFile file_;
  std::atomic<bool> is_kept_{false};
  bool was_made_ = false;  // by create: also catalogued when nothing was ever written
  int failed_ = 0;         // an errno that a write met: what is there is not what was meant
  std::map<std::string, std::string, std::less<>> xattrs_;
  NodeId replaces_;  // whose number it shows until it is sealed
  Ownership ownership_;
  int64_t mtime_ns_ = 0;
  int64_t ctime_ns_ = 0;
  mutable std::mutex actor_mutex_;
  Actor actor_;  // who opened it last; guarded by actor_mutex_
  int64_t sealed_states_ = 0;
  // Held, first of all its locks, while a state goes into the catalog (an older one must not come after a newer), is
  // kept, or leaves its name, which may do all of that: hence recursive. Guards the two below.
  std::recursive_mutex filing_mutex_;
  int64_t filed_state_ = 0;
  int64_t kept_state_ = 0;  // what is kept is later than that one
};

// A draft, opened.
class DraftContent final : public Content {
 public:
  using Mode = DraftMode;
  DraftContent(DraftRef draft, const Actor& actor, Mode mode);
  ~DraftContent() override;
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override;
  void write(uint64_t offset, std::span<const std::byte> data) override;
  void allocate(int mode, uint64_t offset, uint64_t size) override;
  void truncate(uint64_t size) override;
  size_t copy_from(Content& source, uint64_t from, uint64_t to, size_t size) override;
  void close(const Actor& actor, Done done) override;
  void sync() override { draft_->sync(); }
  int copy_fd() const override { return -1; }

 private:
  void set_active(bool active);

  const DraftRef draft_;
  const Mode mode_;
  std::atomic<bool> is_active_{false};
};

class DraftNode final : public Node {
 public:
  explicit DraftNode(DraftRef draft) : Node(draft->node()), draft_(std::move(draft)) {}
  std::optional<Attributes> attributes() const override { return draft_->attributes(); }
  ContentRef open(const OpenRequest& request) const override;
  void set_attributes(const Actor& actor, const AttributeChange& change) const override;
  std::optional<std::string> xattr(std::string_view name) const override { return draft_->xattr(name); }
  std::vector<std::string> xattr_names() const override { return draft_->xattr_names(); }
  void set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const override;
  bool remove_xattr(const Actor& actor, std::string_view name) const override;

 private:
  const DraftRef draft_;
};

}  // namespace damfs
