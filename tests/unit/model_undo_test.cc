// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <cerrno>
#include <random>

#include "catalog/base/error.h"
#include "catalog/model/read/check.h"
#include "catalog/model/write/writer.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::seal_bytes;

// Anything that is done to a library, and any act of any age taken back, taking back included.
class UndoOfAnything : public ::testing::TestWithParam<unsigned> {
 protected:
  int any(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string name() { return "n" + std::to_string(any(4)); }
  std::string folder() {
    static constexpr const char* kFolders[] = {"f", "g", "f/h", "f/h/i"};
    return kFolders[any(4)];
  }
  std::string group() {
    static constexpr const char* kGroups[] = {"a", "b", "a/c", "a/c/d"};
    return kGroups[any(4)];
  }
  // One that is live; 0: there is none.
  int64_t asset(Writer& writer) {
    const auto entry = writer.entry_at(writer.ensure_folder(folder()), name());
    return entry ? entry->asset : 0;
  }
  void seal(Writer& writer) {
    const std::string text = "content " + std::to_string(any(4));
    const int64_t mtime_ns = 1'700'000'000'000'000'000 + any(3) * 86'400'000'000'000;
    seal_bytes(writer, text, writer.ensure_folder(folder()), name(), mtime_ns);
  }
  void rename(Writer& writer) {
    const auto entry = writer.entry_at(writer.ensure_folder(folder()), name());
    const int64_t to = writer.ensure_folder(folder());
    const std::string called = name();
    const auto over = writer.entry_at(to, called);
    if (!entry || (over && over->id == entry->id)) return;
    if (over) return writer.replace_entry_by(*over, *entry);
    if (any(2) == 0) return writer.move_entry(*entry, to, called);
    if (!writer.is_link(entry->asset)) writer.add_entry(to, called, entry->asset);
  }
  void put(Writer& writer) {
    const Grouping grouping = any(2) == 0 ? Grouping::kTag : Grouping::kAlbum;
    const int64_t one = asset(writer);
    if (one == 0 || writer.is_link(one)) return;
    const int64_t in = writer.ensure_group(grouping, group());
    if (grouping == Grouping::kAlbum && !writer.album_query(in).empty()) return;
    if (!writer.add_member(grouping, one, in)) writer.remove_member(grouping, one, in);
  }
  void move_group(Writer& writer) {
    static constexpr Grouping kGroupings[] = {Grouping::kTag, Grouping::kAlbum, Grouping::kFolder};
    const Grouping grouping = kGroupings[any(3)];
    const auto path = [&] { return grouping == Grouping::kFolder ? folder() : group(); };
    const auto from = writer.find_group(grouping, path());
    if (!from) return;
    switch (grouping == Grouping::kFolder ? 0 : any(3)) {
      case 0: writer.move_group(grouping, *from, path()); break;
      case 1: writer.delete_group(grouping, *from); break;
      default:
        if (const auto into = writer.find_group(grouping, path())) writer.merge_group(grouping, *from, *into);
    }
  }
  void trash(Writer& writer) {
    const auto entry = writer.entry_at(writer.ensure_folder(folder()), name());
    if (entry) writer.trash_entry(*entry, 0);
  }
  void bring_back(Writer& writer) {
    const auto row = writer.trash_row(any(20));
    const int64_t in = writer.ensure_folder(folder());
    const std::string called = name();
    if (row && !writer.entry_at(in, called)) writer.restore_entry(*row, in, called);
  }
  void say(Writer& writer) {
    const int64_t one = asset(writer);
    if (one == 0 || writer.is_link(one)) return;
    switch (any(4)) {
      case 0: writer.set_rating(one, any(6)); break;
      case 1: writer.set_title(one, name()); break;
      case 2: writer.set_ownership(one, {.mode = any(2) == 0 ? 0600 : 0644, .uid = any(2), .gid = {}}); break;
      default:
        writer.set_folder(writer.ensure_folder(folder()), {.mode = any(2) == 0 ? 0700 : 0755, .uid = {}, .gid = {}},
                          {});
    }
  }
  void step(Writer& writer) {
    switch (any(10)) {
      case 0:
      case 1: return seal(writer);
      case 2:
      case 3: return rename(writer);
      case 4: return put(writer);
      case 5: return move_group(writer);
      case 6: return trash(writer);
      case 7: return bring_back(writer);
      case 8: return say(writer);
      default:
        if (const int64_t one = asset(writer); one != 0) writer.revert(one, 1 + any(40));
    }
  }
  int64_t count(const char* sql) { return scratch_.catalog().reader()->database().integer(sql); }

  testing::ScratchCatalog scratch_;
  std::mt19937 random_{GetParam()};
};

TEST_P(UndoOfAnything, LeavesACatalogThatAgreesWithItselfAndLosesNothing) {
  std::vector<int64_t> acts;
  int64_t versions = 0;
  for (int number = 0; number < 250; ++number) {
    const bool is_undo = !acts.empty() && any(3) == 0;
    const int64_t which = is_undo ? acts[static_cast<size_t>(any(static_cast<int>(acts.size())))] : 0;
    try {
      const Written written =
          scratch_.catalog().write({.act = Act{.uid = 0, .what = "test", .undoes = which}}, [&](Writer& writer) {
            if (is_undo) {
              writer.undo(which);
            } else {
              step(writer);
            }
          });
      if (written.act != 0) acts.push_back(written.act);
    } catch (const Error& error) {
      // What cannot be: a folder into itself, a name that is taken, an act that was taken back.
      ASSERT_TRUE(error.code() != EIO) << error.what();
    }
    ASSERT_EQ(scratch_.problems(), std::vector<std::string>()) << (is_undo ? "undo in step " : "step ") << number;
    const int64_t now = count("SELECT count(*) FROM version");
    ASSERT_GE(now, versions) << (is_undo ? "undo in step " : "step ") << number;
    versions = now;
  }
}

INSTANTIATE_TEST_SUITE_P(Acts, UndoOfAnything, ::testing::Range(1U, 5U));

}  // namespace
}  // namespace damfs
