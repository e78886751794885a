// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace damfs {

// When a draft may become a state of the catalog. A file that was made and never written to is only kept when it is
// closed for good: shells close a copy of a descriptor first.
enum class SealWhen : uint8_t { kClosed, kReleased };

// How a file that is being written stands to its name, its writers and the catalog: a value, without I/O or a lock.
//
// What happens to it is counted. `changes` rises with each; of a file that was made its making is the first. A state
// that goes into the catalog holds all changes up to a number, and three such numbers say where it stands:
// filed <= taken <= changes.
//
//   phase        changes, taken, filed    leads its name here  left behind     gone when
//   kUntouched   changes == filed == 0    while it is awaited  nothing         idle for two seconds
//   kMade        1, 0, 0 (was made)       yes                  sealed, empty   removed
//   kDirty       filed <= taken < changes yes                  sealed          sealed, removed, given up
//   kOnItsWay    filed < taken == changes yes                  is awaited      the filing has ended
//   kCatalogued  filed == taken == changes while somebody      nothing         its last handle is released
//                                          writes or is to
//
//   act                       effect
//   write, truncate …         changes + 1
//   chmod, utimens, setxattr  changes + 1, unless a state that is still to come will take it along
//   taken(n)                  taken = n: a state leaves for the catalog
//   filed(n)                  filed = n; an older state that comes late is refused (is_newer)
//   refused                   taken = filed: what was taken is to be taken again
//   fail(errno)               it is not what anybody meant; given up once nobody has it open, and never sealed; where a
//                             part of it was synced, that is left unfinished instead
//   begin anew (size 0)       the failure is over
class DraftState {
 public:
  enum class Phase : uint8_t { kUntouched, kMade, kDirty, kOnItsWay, kCatalogued };
  // Of a new file; of what begins as a version; of one that another life of the mount kept.
  static DraftState made() { return DraftState(1, true); }
  static DraftState begun_from_version() { return DraftState(0, false); }
  static DraftState kept_before() { return DraftState(2, true); }

  Phase phase() const;
  bool has_changes() const { return changes_ > taken_; }
  bool was_made() const { return was_made_; }
  bool has_any_filed() const { return filed_ > 0; }
  int failure() const { return failure_; }
  bool has_name() const { return has_name_; }
  bool has_handles() const { return handles_ > 0; }
  bool has_writers() const { return writers_ > 0; }
  bool is_being_kept() const { return under_way_ > 0; }

  // Whether its name leads here: the catalog does not show all that was written, or somebody writes, or is about to.
  bool holds_name(int64_t now_ns) const;
  // Whether its number leads here: also while anybody has it open.
  bool holds_number(int64_t now_ns) const { return handles_ > 0 || holds_name(now_ns); }
  // The catalog has all of it, and nobody writes.
  bool is_catalogued() const { return phase() == Phase::kCatalogued && writers_ == 0; }
  // Nothing was written, and it is not open for writing: it was made for an open that did not come.
  bool is_idle(int64_t now_ns) const;
  // It was looked up a moment ago, or an open was announced.
  bool is_awaited(int64_t now_ns) const { return is_expected(now_ns) || found_until_ns_ > now_ns; }
  bool is_expected(int64_t now_ns) const { return expected_ > 0 && expected_until_ns_ > now_ns; }
  // Its writer was told that it cannot be kept, and has left.
  bool is_given_up(int64_t now_ns) const;
  // Whether there is something for the catalog. Its name may say that it is none of the catalog's.
  bool is_to_be_sealed(SealWhen when) const;
  // Whether there is something to be catalogued once no handle is open; and whether that is not under way yet.
  bool is_to_be_left() const { return !was_abandoned_ && failure_ == 0 && is_to_be_sealed(SealWhen::kReleased); }
  bool is_left_behind(int64_t now_ns) const;
  // When nobody has it open: one with a temporary name waits for a lasting one, one that was refused leaves.
  bool stays(int64_t now_ns) const { return has_name_ && failure_ == 0 && !is_idle(now_ns) && holds_number(now_ns); }

  void touch(int64_t now_ns);
  void expect_opening(int64_t now_ns);
  void opened();
  void activated();
  void deactivated() { --writers_; }
  // A handle is gone. `was_active`: without having been closed, as happens when the mount ends.
  void released(bool was_active);
  void abandon() { was_abandoned_ = true; }  // what is there of it is not to become a state by itself
  // Its writer was told that it failed, and has left; what was synced before stays, and the next one goes on with it.
  void leave_unfinished();
  void unlinked() { has_name_ = false; }
  void tries_again_at(int64_t now_ns) { tries_again_ns_ = now_ns; }

  void changed() { ++changes_; }
  void attributes_changed();
  void fail(int code) { failure_ = code; }
  void begun_anew() { failure_ = 0; }

  void keeping() { ++under_way_; }
  void kept() { --under_way_; }
  int64_t newest_change() const { return changes_; }
  // A state with all changes up to that number leaves for the catalog.
  void taken(int64_t state);
  bool is_newer(int64_t state) const { return state >= filed_; }
  void filed(int64_t state);
  void refused() { taken_ = filed_; }

 private:
  DraftState(int64_t changes, bool was_made) : changes_(changes), was_made_(was_made) {}

  int64_t changes_;
  int64_t taken_ = 0;
  int64_t filed_ = 0;
  bool was_made_;
  bool has_name_ = true;
  bool was_abandoned_ = false;
  int failure_ = 0;    // an errno that a writer met
  int handles_ = 0;    // that are open
  int writers_ = 0;    // of them: one that may write is active from when it is opened or written through until closed
  int under_way_ = 0;  // closes that are not answered yet
  int expected_ = 0;   // openings that were announced
  int64_t expected_until_ns_ = 0;
  int64_t found_until_ns_ = 0;
  int64_t tries_again_ns_ = 0;
};

}  // namespace damfs
