// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/write/draft_state.h"

#include <algorithm>

namespace damfs {
namespace {

// The kernel opens what it looked up at once.
constexpr int64_t kOpeningNs = 2'000'000'000;

}  // namespace

DraftState::Phase DraftState::phase() const {
  if (changes_ == 0) return Phase::kUntouched;
  if (was_made_ && changes_ == 1 && taken_ == 0) return Phase::kMade;
  if (changes_ > taken_) return Phase::kDirty;
  return taken_ > filed_ ? Phase::kOnItsWay : Phase::kCatalogued;
}

bool DraftState::holds_name(int64_t now_ns) const {
  return phase() != Phase::kCatalogued || writers_ > 0 || under_way_ > 0 || is_expected(now_ns);
}

bool DraftState::is_idle(int64_t now_ns) const {
  const bool is_clean = !was_made_ && changes_ == taken_;
  return is_clean && handles_ == 0 && under_way_ == 0 && !is_awaited(now_ns);
}

bool DraftState::is_given_up(int64_t now_ns) const {
  return failure_ != 0 && handles_ == 0 && under_way_ == 0 && !is_expected(now_ns);
}

bool DraftState::is_to_be_sealed(SealWhen when) const {
  if (!has_name_ || changes_ == taken_) return false;
  return phase() != Phase::kMade || when == SealWhen::kReleased;
}

bool DraftState::is_left_behind(int64_t now_ns) const {
  return is_to_be_left() && handles_ == 0 && under_way_ == 0 && !is_awaited(now_ns) && tries_again_ns_ <= now_ns;
}

void DraftState::touch(int64_t now_ns) { found_until_ns_ = now_ns + kOpeningNs; }

void DraftState::expect_opening(int64_t now_ns) {
  if (expected_until_ns_ < now_ns) expected_ = 0;  // those did not come
  expected_until_ns_ = now_ns + kOpeningNs;
  ++expected_;
}

void DraftState::opened() {
  ++handles_;
  found_until_ns_ = 0;
  if (expected_ > 0) --expected_;
}

void DraftState::activated() {
  ++writers_;
  was_abandoned_ = false;  // whoever closes it says that it is whole
}

void DraftState::released(bool was_active) {
  --handles_;
  if (!was_active) return;
  --writers_;
  was_abandoned_ = true;
}

void DraftState::leave_unfinished() {
  failure_ = 0;
  was_abandoned_ = true;
}

void DraftState::attributes_changed() {
  if (taken_ > 0 || under_way_ > 0 || !was_made_) ++changes_;
}

void DraftState::taken(int64_t state) { taken_ = std::max(taken_, state); }

void DraftState::filed(int64_t state) {
  filed_ = std::max(filed_, state);
  taken_ = std::max(taken_, filed_);
}

}  // namespace damfs
