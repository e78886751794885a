// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The object store on a disk whose calls fail one by one, do half of what they are asked, and forget.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "catalog/places/staged_file.h"
#include "catalog/places/store_place.h"
#include "tests/support/library.h"
#include "tests/support/scripted_disk.h"

namespace damfs::test {
namespace {

using damfs::testing::digest_of;
using damfs::testing::refusal;
using damfs::testing::ScratchFolder;
using damfs::testing::write_file;
using Call = ScriptedDisk::Call;

std::string large_text() {
  std::string text(700'000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

// A store of its own, and what is to become an object of it.
struct Store {
  Store() {
    for (const char* name : {"objects", "staging"}) std::filesystem::create_directory(folder / name);
    write_file(folder / "source", text);
    store.emplace(folder / "objects", folder / "staging");
  }
  void ingest() {
    const UniqueFd source = open_file(folder / "source", O_RDONLY);
    store->ingest(source.get(), folder / "source",
                  {.stop = [] { return false; },
                   .on_bytes = [](int64_t) {},
                   .is_catalogued = [](const Digest&) { return false; }});
  }
  // As what is written through the mount is: on the disk when it returns.
  void seal() {
    StagedFile file(*store);
    file.write(0, std::as_bytes(std::span(text)));
    file.seal([](const Digest&) { return false; });
  }
  bool has_anything() const {
    bool has = false;
    store->each([&](const ObjectStore::Found&) { has = true; });
    return has;
  }
  bool is_whole() { return store->is_whole(digest_of(text)); }
  bool is_nothing_staged() const { return std::filesystem::is_empty(folder / "staging"); }

  const std::string text = large_text();
  ScratchFolder folder;
  std::optional<ObjectStore> store;
};

// Each call of that kind that `work` makes fails once, in a store of its own; `check` is told what came of it. How many
// there are.
int with_each_failing(Call call, int error, const std::function<void(Store&)>& work,
                      const std::function<void(Store&, int code)>& check) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(fmt::format("errno {} of call {} of kind {}", error, nth, static_cast<int>(call)));
    Store store;
    int code = 0, made = 0;
    {
      ScriptedDisk disk;
      disk.fail(call, nth, error);
      code = refusal([&] { work(store); });
      made = disk.calls(call);
    }
    if (made < nth) {
      EXPECT_EQ(code, 0);
      return made;
    }
    check(store, code);
  }
}

void expect_told_and_undone(Store& store, int code, int error) {
  EXPECT_EQ(code, error);
  EXPECT_TRUE(store.is_nothing_staged());
}

TEST(DiskFaults, WhatFailsWhileAnObjectIsWrittenIsToldAndTriedAgain) {
  const std::pair<const char*, std::function<void(Store&)>> ways[] = {{"ingest", [](Store& store) { store.ingest(); }},
                                                                      {"seal", [](Store& store) { store.seal(); }}};
  for (const Call call : {Call::kWrite, Call::kMode, Call::kFolder, Call::kLink, Call::kFlush}) {
    int made = 0;
    for (const auto& [name, work] : ways) {
      SCOPED_TRACE(name);
      for (const int error : {ENOSPC, EIO}) {
        made += with_each_failing(call, error, work, [&, again = work](Store& store, int code) {
          expect_told_and_undone(store, code, error);
          // A name was given before the flush failed, perhaps: whoever does it again makes it good.
          EXPECT_EQ(refusal([&] { again(store); }), 0);
          EXPECT_TRUE(store.is_whole());
          EXPECT_TRUE(store.is_nothing_staged());
        });
      }
    }
    EXPECT_GT(made, 0) << static_cast<int>(call);
  }
  const int read = with_each_failing(Call::kRead, EIO, ways[0].second, [](Store& store, int code) {
    expect_told_and_undone(store, code, EIO);
    EXPECT_FALSE(store.has_anything());
  });
  EXPECT_GE(read, 3);
}

TEST(DiskFaults, InterruptedCallsAreMadeAgain) {
  const std::function<void(Store&)> ingest = [](Store& store) { store.ingest(); };
  const std::function<void(Store&)> seal = [](Store& store) { store.seal(); };
  for (const Call call : {Call::kRead, Call::kWrite, Call::kFlush}) {
    int made = 0;
    for (const auto& work : {ingest, seal}) {
      made += with_each_failing(call, EINTR, work, [](Store& store, int code) {
        EXPECT_EQ(code, 0);
        EXPECT_TRUE(store.is_whole());
      });
    }
    EXPECT_GT(made, 0) << static_cast<int>(call);
  }
}

TEST(DiskFaults, ShortReadsAndWritesAreGoneOnWith) {
  for (const bool is_sealed : {false, true}) {
    Store store;
    {
      ScriptedDisk disk;
      disk.fail(Call::kClone, 1, EOPNOTSUPP);
      disk.cut_short(4099);
      is_sealed ? store.seal() : store.ingest();
      EXPECT_GT(disk.calls(Call::kWrite), 100);
    }
    EXPECT_TRUE(store.is_whole());
  }
}

TEST(DiskFaults, ADiskThatDoesNotCloneCopies) {
  Store store;
  {
    ScriptedDisk disk;
    disk.fail_from(Call::kClone, 1, EIO);
    store.ingest();
    EXPECT_EQ(disk.calls(Call::kClone), 1);
  }
  EXPECT_TRUE(store.is_whole());
}

TEST(DiskFaults, ACopyBeforeTheFirstChangeThatFailsLeavesTheObject) {
  for (const int error : {ENOSPC, EIO, EINTR}) {
    const auto change = [](Store& store) {
      ScriptedDisk::current()->fail_from(Call::kClone, 1, EOPNOTSUPP);
      ScriptedDisk::current()->cut_short(200'000);
      const Digest sha256 = digest_of(store.text);
      StagedFile file(*store.store, sha256, std::move(StorePlace(*store.store).open(sha256)->file));
      file.write(3, std::as_bytes(std::span("abc", 3)));
      std::string changed = store.text;
      changed.replace(3, 3, "abc");
      EXPECT_EQ(file.seal([](const Digest&) { return false; }).sha256, digest_of(changed));
    };
    int rounds = 0;
    for (int nth = 1;; ++nth, ++rounds) {
      Store store;
      store.ingest();
      int code = 0, made = 0;
      {
        ScriptedDisk disk;
        disk.fail(Call::kCopy, nth, error);
        code = refusal([&] { change(store); });
        made = disk.calls(Call::kCopy);
      }
      EXPECT_TRUE(store.is_whole());
      EXPECT_TRUE(store.is_nothing_staged());
      EXPECT_EQ(code, made < nth || error == EINTR ? 0 : error);
      if (made < nth) break;
    }
    EXPECT_GE(rounds, 4);
  }
}

TEST(DiskFaults, WhatIsSealedOutlivesAPowerCut) {
  Store store;
  ScriptedDisk disk;
  store.seal();
  disk.lose_what_was_not_flushed();
  EXPECT_TRUE(store.is_whole());
}

TEST(DiskFaults, WhatIsIngestedOutlivesAPowerCutOnceItIsSynced) {
  Store store;
  ScriptedDisk disk;
  store.ingest();
  disk.lose_what_was_not_flushed();
  EXPECT_FALSE(store.is_whole()) << "or this test sees nothing";
  store.ingest();
  store.store->sync();
  disk.lose_what_was_not_flushed();
  EXPECT_TRUE(store.is_whole());
}

// The bytes of the first try may be lost while its name is not: what is sealed next is made good, not believed.
TEST(DiskFaults, ASealWhoseFlushFailedIsNotBelievedAfterAPowerCut) {
  for (int nth = 1; nth <= 2; ++nth) {
    Store store;
    ScriptedDisk disk;
    disk.fail(Call::kFlush, nth, EIO);
    EXPECT_EQ(refusal([&] { store.seal(); }), EIO);
    disk.lose_what_was_not_flushed();
    store.seal();
    disk.lose_what_was_not_flushed();
    EXPECT_TRUE(store.is_whole());
  }
}

}  // namespace
}  // namespace damfs::test
