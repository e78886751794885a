// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/write/draft_state.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace damfs {
namespace {

using Phase = DraftState::Phase;

// Whatever can happen to a draft next, in any order that its callers can bring about.
enum class Act : uint8_t {
  kOpenForWriting,
  kOpenForReading,
  kWrite,
  kSetMode,
  kClose,     // the state leaves for the catalog, where there is one
  kFiled,     // the oldest state that is on its way has arrived
  kRefused,   // or was refused
  kLate,      // the newest arrives before the oldest
  kRelease,   // of one that was closed before
  kMountEnds  // with one open for writing
};
constexpr Act kActs[] = {Act::kOpenForWriting, Act::kOpenForReading, Act::kWrite, Act::kSetMode, Act::kClose,
                         Act::kFiled,          Act::kRefused,        Act::kLate,  Act::kRelease, Act::kMountEnds};

// A draft beside what its users know of it.
struct Model {
  explicit Model(DraftState begun) : state(begun), newest(begun.newest_change()), is_new(begun.was_made()) {}

  bool can(Act act) const {
    switch (act) {
      case Act::kOpenForWriting: return writers + closed < 2 && state.holds_name(0);
      case Act::kOpenForReading: return readers < 1 && state.holds_number(0);
      case Act::kWrite: return writers > 0;
      case Act::kSetMode: return state.holds_number(0);
      case Act::kClose: return writers > 0;
      case Act::kFiled:
      case Act::kRefused: return !under_way.empty();
      case Act::kLate: return under_way.size() > 1;
      case Act::kRelease: return closed + readers > 0;
      case Act::kMountEnds: return writers > 0;
    }
    return false;
  }

  void arrive(size_t which, bool is_refused) {
    const int64_t change = under_way[which];
    under_way.erase(under_way.begin() + static_cast<ptrdiff_t>(which));
    if (is_refused) {
      state.refused();
      return;
    }
    if (!state.is_newer(change)) return;
    state.filed(change);
    catalogued = std::max(catalogued, change);
  }

  void play(Act act) {
    switch (act) {
      case Act::kOpenForWriting:
        state.opened();
        state.activated();
        ++writers;
        break;
      case Act::kOpenForReading:
        state.opened();
        ++readers;
        break;
      case Act::kWrite: state.changed(); break;
      case Act::kSetMode: state.attributes_changed(); break;
      case Act::kClose:
        state.deactivated();
        --writers;
        ++closed;
        if (!state.is_to_be_sealed(SealWhen::kClosed)) break;
        under_way.push_back(state.newest_change());
        state.taken(state.newest_change());
        break;
      case Act::kFiled: arrive(0, false); break;
      case Act::kRefused: arrive(0, true); break;
      case Act::kLate: arrive(under_way.size() - 1, false); break;
      case Act::kRelease:
        --(closed > 0 ? closed : readers);
        state.released(false);
        break;
      case Act::kMountEnds:
        --writers;
        state.released(true);
        was_cut_off = true;
        break;
    }
    if (act == Act::kOpenForWriting) was_cut_off = false;
    newest = state.newest_change();
  }

  bool is_on_its_way(int64_t change) const {
    for (const int64_t each : under_way) {
      if (each >= change) return true;
    }
    return false;
  }

  // What must hold whatever has happened.
  void check() const {
    EXPECT_EQ(state.has_writers(), writers > 0);
    EXPECT_EQ(state.has_handles(), writers + closed + readers > 0);
    const bool is_all_there = newest == catalogued && newest > 0;
    const Phase phase = state.phase();
    EXPECT_EQ(phase == Phase::kCatalogued, is_all_there);
    if (phase == Phase::kOnItsWay) {
      EXPECT_TRUE(is_on_its_way(newest));
    }
    // What the catalog does not show is shown here.
    if (newest > catalogued || writers > 0) {
      EXPECT_TRUE(state.holds_name(0));
    }
    // Nothing that somebody wrote and left is forgotten: it is there, on its way, to be taken along, or cut off.
    if (newest > catalogued && !state.has_handles() && !was_cut_off && newest > 0) {
      EXPECT_TRUE(is_on_its_way(newest) || state.is_to_be_left()) << "lost";
    }
    // A state that was cut off in its middle is none, until somebody writes it to its end.
    if (was_cut_off) {
      EXPECT_FALSE(state.is_to_be_left());
    }
    // Only what nobody wrote to can just go.
    if (state.is_idle(0)) {
      EXPECT_TRUE(newest == 0 || (!is_new && newest == state_taken()));
    }
  }
  int64_t state_taken() const { return state.has_changes() ? -1 : newest; }

  DraftState state;
  int64_t newest;
  int64_t catalogued = 0;
  std::vector<int64_t> under_way;
  bool is_new;
  bool was_cut_off = false;
  int writers = 0, readers = 0, closed = 0;
};

// Every order of acts up to a length.
size_t play_all(const Model& model, int more, std::string& told) {
  if (more == 0) return 0;
  size_t played = 0;
  for (const Act act : kActs) {
    if (!model.can(act)) continue;
    Model next = model;
    told += static_cast<char>('a' + static_cast<int>(act));
    next.play(act);
    next.check();
    ++played;
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "after " << told;
      return played;
    }
    played += play_all(next, more - 1, told);
    if (::testing::Test::HasFailure()) return played;
    told.pop_back();
  }
  return played;
}

TEST(DraftState, NoOrderOfActsLosesWhatWasWritten) {
  for (const DraftState& begun : {DraftState::made(), DraftState::begun_from_version(), DraftState::kept_before()}) {
    std::string told;
    EXPECT_GT(play_all(Model(begun), 7, told), 10'000U);
  }
}

TEST(DraftState, PhasesAreThoseOfTheTable) {
  DraftState state = DraftState::made();
  EXPECT_EQ(state.phase(), Phase::kMade);
  EXPECT_FALSE(state.is_to_be_sealed(SealWhen::kClosed));
  EXPECT_TRUE(state.is_to_be_sealed(SealWhen::kReleased));
  state.changed();
  EXPECT_EQ(state.phase(), Phase::kDirty);
  state.taken(state.newest_change());
  EXPECT_EQ(state.phase(), Phase::kOnItsWay);
  state.filed(state.newest_change());
  EXPECT_EQ(state.phase(), Phase::kCatalogued);
  EXPECT_FALSE(state.holds_name(0));
  EXPECT_EQ(DraftState::begun_from_version().phase(), Phase::kUntouched);
}

TEST(DraftState, AnAnnouncedOpeningIsAwaitedForAWhile) {
  DraftState state = DraftState::begun_from_version();
  EXPECT_TRUE(state.is_idle(0));
  state.expect_opening(1000);
  EXPECT_FALSE(state.is_idle(1000));
  EXPECT_TRUE(state.is_idle(1000 + 2'000'000'000));
  state.opened();
  EXPECT_FALSE(state.is_idle(1000 + 2'000'000'000));
}

TEST(DraftState, WhatFailedIsGivenUpWithItsLastHandleAndBeginsAnewWhenEmptied) {
  DraftState state = DraftState::made();
  state.opened();
  state.activated();
  state.changed();
  state.fail(ENOSPC);
  EXPECT_FALSE(state.is_given_up(0));
  state.deactivated();
  state.released(false);
  EXPECT_TRUE(state.is_given_up(0));
  EXPECT_FALSE(state.is_to_be_left());
  state.begun_anew();
  EXPECT_FALSE(state.is_given_up(0));
}

TEST(DraftState, WhatCouldNotBeKeptIsTriedAgainNotAtOnce) {
  DraftState state = DraftState::made();
  state.changed();
  EXPECT_TRUE(state.is_left_behind(5));
  state.tries_again_at(10);
  EXPECT_FALSE(state.is_left_behind(5));
  EXPECT_TRUE(state.is_left_behind(10));
}

}  // namespace
}  // namespace damfs
