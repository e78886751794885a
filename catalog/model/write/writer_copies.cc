// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which assets are copies of each other: they hold equal bytes, and the same people may get at them. The oldest of them
// stands for all in flat views. Nothing here looks at more than two of them, however many there are.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <vector>

#include "catalog/base/names.h"
#include "catalog/model/read/reader.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr int64_t kUsualFile = 0644;
constexpr int64_t kUsualFolder = 0755;
constexpr int64_t kReads = 0444;
constexpr int64_t kPasses = 0111;
// Whether flat views show all copies, as the catalog is now.
constexpr StatementName kCopiesShown = "how_copies_are_shown";
constexpr auto kHidden = int64_t{static_cast<uint8_t>(Reader::CopiesAre::kHidden)};
constexpr auto kShown = int64_t{static_cast<uint8_t>(Reader::CopiesAre::kShown)};
constexpr auto kBeingHidden = int64_t{static_cast<uint8_t>(Reader::CopiesAre::kBeingHidden)};  // some are shown still
constexpr int64_t kSettledAtOnce = 10'000;

constexpr std::string_view kReachOfAll = "//292/0";  // nobody's in particular, 0444, no folder shuts it

}  // namespace

// The nearest folder from that one upwards that does not let everybody through; 0: there is none.
int64_t Writer::gate_of(int64_t folder) {
  std::vector<int64_t> way;
  int64_t gate = 0;
  for (int64_t at = folder; at != 0;) {
    if (const auto known = gates_.find(at); known != gates_.end()) {
      gate = known->second;
      break;
    }
    db::Use row(statement("mode_and_parent_of_folder"));
    row->bind_all(at, kUsualFolder);
    if (!row->step()) break;
    way.push_back(at);
    gates_[at] = 0;  // until it is known: in a catalog that somebody sent, the way up may lead here again
    if ((row->integer(0) & kPasses) != kPasses) {
      gate = at;
      break;
    }
    at = row->integer(1);
  }
  for (const int64_t each : way) gates_[each] = gate;
  return gate;
}

// Empty blob: it is nobody's copy. Empty files are none of each other's: locks, stamps, placeholders.
Writer::Copies Writer::copies_now(int64_t asset) {
  Copies copies;
  std::string rights;
  {
    db::Use row(statement("blob_and_rights_of_asset"));
    row->bind_all(asset, kUsualFile, kReads);
    if (!row->step()) return copies;
    copies.blob = row->integer(0);
    rights = row->text(1);
  }
  std::set<int64_t> gates;
  for (const int64_t folder : ids("folders_of_asset", asset)) {
    gates.insert(gate_of(folder));
  }
  copies.reach = fmt::format("{}/{}", rights, gates.contains(0) ? "0" : fmt::format("{}", fmt::join(gates, ",")));
  if (copies.reach == kReachOfAll) copies.reach.clear();
  return copies;
}

Writer::Copies Writer::copies_as_told(int64_t asset) {
  db::Use row(statement("blob_and_reach_told"));
  row->bind_all(asset);
  return row->step() ? Copies{row->integer(0), std::string(row->text(1))} : Copies{};
}

void Writer::settle_copies(int64_t asset) {
  const Copies before = uncounted_.contains(asset) ? Copies() : copies_as_told(asset);
  const Copies now = copies_now(asset);
  if (before == now) return;
  statement("tell_blob_and_reach").bind_all(asset, now.blob, std::string_view(now.reach)).run();
  if (before.blob != now.blob) {
    count_holder(before.blob, -1, asset);
    const int64_t holders = count_holder(now.blob, +1, asset);
    if (before.blob == 0 && holders == 1) return;  // as most are: the first with these bytes
  }
  settle_standings(before);
  settle_standings(now);
  // The first that is a copy, or the last that is none any more, counts one name more or less.
  for (const Copies& copies : {before, now}) {
    for (const int64_t each : oldest_of(copies)) touched_assets_.try_emplace(each, 0);
  }
  touched_assets_.try_emplace(asset, 0);
  set_is_copy(asset, now.blob != 0 && oldest_of(now).front() != asset);
}

// The first two.
std::vector<int64_t> Writer::oldest_of(const Copies& copies) {
  std::vector<int64_t> oldest;
  db::Use rows(statement("two_oldest_with_reach"));
  rows->bind_all(copies.blob, std::string_view(copies.reach));
  while (rows->step()) oldest.push_back(rows->integer(0));
  return oldest;
}

// One came or left: the second may have been the first, or become it.
void Writer::settle_standings(const Copies& copies) {
  if (copies.blob == 0) return;
  bool is_copy = false;
  for (const int64_t each : oldest_of(copies)) set_is_copy(each, std::exchange(is_copy, true));
}

void Writer::set_is_copy(int64_t asset, bool is_copy) {
  is_copy = is_copy && count_of(kCopiesShown, 0) != kShown;
  if ((count_of("standing_of_asset", asset) != 0) == is_copy) return;
  move_asset_in_groups(asset, -1);
  statement("set_standing").bind_all(asset, int64_t{is_copy}).run();
  move_asset_in_groups(asset, +1);
  statement("count_copies").bind_all(is_copy ? int64_t{1} : int64_t{-1}).run();
  touched_assets_.try_emplace(asset, 0);
  if (new_assets_.contains(asset)) return;
  changed_groups_.emplace(Grouping::kRecent, 0);
  if (is_copy) log_change(ChangeRow::What::kLostName, asset, 0, Grouping::kRecent, 0, label_of(asset));
}

bool Writer::begin_to_show_copies(bool show) {
  if (count_of(kCopiesShown, 0) == (show ? kShown : kHidden)) return false;
  statement("set_how_copies_are_shown").bind_all(show ? kShown : kBeingHidden).run();
  return true;
}

std::optional<int64_t> Writer::settle_more_copies(int64_t after) {
  for (int64_t settled = 0; settled < kSettledAtOnce;) {
    const auto next = ids("next_blob_with_copies", after);
    if (next.empty()) {
      statement("end_settling_copies").bind_all(kHidden, kBeingHidden).run();
      return std::nullopt;
    }
    after = next.front();
    std::vector<std::pair<int64_t, bool>> holders;
    {
      std::string reach;
      db::Use rows(statement("copies_of_blob_by_reach"));
      rows->bind_all(after);
      while (rows->step()) {
        holders.emplace_back(rows->integer(0), !holders.empty() && rows->text(1) == reach);
        reach = rows->text(1);
      }
    }
    for (const auto& [asset, is_copy] : holders) set_is_copy(asset, is_copy);
    settled += std::ssize(holders);
  }
  return after;
}

// Who holds a blob beside others has a name in duplicates/; and the oldest shows what is in an archive.
int64_t Writer::count_holder(int64_t blob, int64_t delta, int64_t asset) {
  if (blob == 0) return 0;
  int64_t holders = 0;
  {
    db::Use row(statement("count_holders_of_blob"));
    row->bind_all(blob, delta);
    if (!row->step()) return 0;  // nobody holds it any more
    holders = row->integer(0);
    row->run();
  }
  const int64_t most = std::max(holders, holders - delta);
  if (most < 2) return holders;
  const auto others = ids("two_oldest_holders", blob);
  if (count_of("is_pack", blob) != 0) {
    for (const int64_t other : others) {
      touched_assets_.try_emplace(other, 0);
      log_members_rights(other);
    }
  }
  changed_groups_.emplace(Grouping::kDuplicates, blob);
  if (delta < 0) log_change(ChangeRow::What::kLostName, asset, 0, Grouping::kDuplicates, blob, label_of(asset));
  if (most > 2) return holders;
  changed_groups_.emplace(Grouping::kDuplicates, 0);
  {
    db::Use row(statement("hex_digest_of_blob"));
    row->bind_all(blob);
    if (row->step()) log_change(ChangeRow::What::kNewGroup, 0, 0, Grouping::kDuplicates, 0, row->text(0));
  }
  for (const int64_t other : others) {
    if (other == asset) continue;
    touched_assets_.try_emplace(other, 0);
    if (delta < 0) log_change(ChangeRow::What::kLostName, other, 0, Grouping::kDuplicates, blob, label_of(other));
  }
  return holders;
}

// That folder, or where it stands, lets others through than before: so do all below it.
void Writer::reach_changes_below(int64_t folder) {
  gates_.clear();
  reach_changed_folders_.insert(folder);
}

void Writer::settle_all_copies() {
  gates_.clear();  // an undo may have put folders elsewhere
  std::set<int64_t> unsettled;
  for (const auto& [asset, old_version] : touched_assets_) unsettled.insert(asset);
  for (const int64_t folder : reach_changed_folders_) {
    const auto below = ids("assets_below_and_in_folder", folder);
    unsettled.insert(below.begin(), below.end());
  }
  for (const int64_t asset : unsettled) settle_copies(asset);
  // What is new is counted once it is known what it is.
  for (const int64_t asset : std::exchange(uncounted_, {})) move_asset_in_groups(asset, +1);
}

}  // namespace damfs
