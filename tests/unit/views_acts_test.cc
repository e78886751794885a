// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/acts.h"

#include <chrono>

#include "catalog/model/journal.h"
#include "tests/support/library.h"
#include "tests/support/moved_clock.h"

namespace damfs {
namespace {

TEST(Acts, WhoWaitsForASlowDiskDoesNotRest) {
  test::MovedClock clock(test::MovedClock::Pace::kStands);
  testing::ScratchCatalog scratch;
  const int64_t assets[] = {scratch.file("a", "", "a").asset, scratch.file("b", "", "b").asset,
                            scratch.file("c", "", "c").asset};
  Acts acts(scratch.catalog());
  const Actor program{.uid = 7, .program = 12, .name = "cp"};
  const auto tag = [&](int64_t asset, std::chrono::milliseconds takes) {
    acts.write(program, {.kind = Doing::Kind::kPut, .name = "file", .asset = asset}, Durability::kSoon,
               [&](Writer& writer, KnownNames&) {
                 writer.add_tag(asset, writer.ensure_group(Grouping::kTag, "tag"));
                 clock.forward(takes);
               });
    return newest_undoable_act(*scratch.catalog().reader()).value_or(0);
  };
  const int64_t first = tag(assets[0], std::chrono::milliseconds(2200));
  EXPECT_NE(first, 0);
  EXPECT_EQ(tag(assets[1], {}), first);
  clock.forward(std::chrono::milliseconds(2200));
  EXPECT_NE(tag(assets[2], {}), first);  // that was a rest
}

}  // namespace
}  // namespace damfs
