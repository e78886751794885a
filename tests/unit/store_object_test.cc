// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "catalog/places/staged_file.h"
#include "catalog/places/store_place.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::open_descriptors;
using testing::refusal;
using testing::ScratchFolder;
using testing::write_file;

std::string bytes(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

class ObjectStoreTest : public ::testing::Test {
 protected:
  static Path made(const Path& folder) {
    std::filesystem::create_directory(folder);
    return folder;
  }
  ObjectStore::Ingested ingest(const Path& file, bool catalogued = false) {
    const UniqueFd source = open_file(file, O_RDONLY);
    return store_.ingest(source.get(), file,
                         {.stop = [] { return false; },
                          .on_bytes = [](int64_t) {},
                          .is_catalogued = [=](const Digest&) { return catalogued; }});
  }
  ObjectStore::Ingested ingest_text(const std::string& text, bool catalogued = false) {
    write_file(folder_ / "source", text);
    return ingest(folder_ / "source", catalogued);
  }
  void expect_nothing_staged() { EXPECT_TRUE(std::filesystem::is_empty(folder_ / "staging")); }

  ScratchFolder folder_;
  ObjectStore store_{made(folder_ / "objects"), made(folder_ / "staging")};
};

constexpr size_t kBlock = 256 << 10;
constexpr size_t kEdge = 16 << 10;

TEST_F(ObjectStoreTest, KeepsTheBytesOfEverySize) {
  for (const size_t size : {size_t{0}, size_t{1}, kEdge - 1, kEdge, kEdge + 1, 2 * kEdge, 2 * kEdge + 1, kBlock - 1,
                            kBlock, kBlock + 1, kBlock + kEdge - 1, kBlock + kEdge, 2 * kBlock, 3 * kBlock + 5}) {
    const std::string text = bytes(size);
    const auto ingested = ingest_text(text);
    EXPECT_EQ(ingested.sha256, digest_of(text)) << size;
    EXPECT_EQ(ingested.size, static_cast<int64_t>(size));
    EXPECT_TRUE(ingested.added) << size;
    const Path object = store_.path_of(ingested.sha256);
    const std::string hex = ingested.sha256.hex();
    EXPECT_EQ(object, folder_ / "objects" / hex.substr(0, 2) / hex.substr(2, 2) / hex);
    EXPECT_EQ(read_text(object, 4 << 20), text) << size;
    EXPECT_EQ(lstat_path(object)->st_mode, static_cast<mode_t>(S_IFREG | 0444));
    std::string through(size, '\0');
    EXPECT_EQ(pread_some(ingested.object.get(), std::as_writable_bytes(std::span(through)), 0, object), size);
    EXPECT_EQ(through, text);
  }
  expect_nothing_staged();
}

TEST_F(ObjectStoreTest, ACataloguedObjectIsKeptAsItIs) {
  const auto first = ingest_text("same");
  const auto before = lstat_path(store_.path_of(first.sha256))->st_ino;
  const auto second = ingest_text("same", true);
  EXPECT_FALSE(second.added);
  EXPECT_EQ(lstat_path(store_.path_of(first.sha256))->st_ino, before);
  expect_nothing_staged();
}

// What is catalogued was on the disk for certain once, which is no promise for ever.
TEST_F(ObjectStoreTest, ACataloguedObjectThatRottedIsReplaced) {
  const std::string text = bytes(5000);
  const Path object = store_.path_of(ingest_text(text).sha256);
  EXPECT_TRUE(store_.is_whole(digest_of(text)));
  ASSERT_EQ(::chmod(object.c_str(), 0644), 0);
  std::string rotten = text;
  rotten[4000] ^= 1;
  write_file(object, rotten);
  EXPECT_FALSE(store_.is_whole(digest_of(text))) << "a proof of what it was does not count";
  ingest_text(text, true);
  EXPECT_EQ(read_text(object), text);
  EXPECT_TRUE(store_.is_whole(digest_of(text)));
  expect_nothing_staged();
}

// A writer that gives the source its times back is not noticed; then what is stored must still be what was hashed.
// Where the source was cloned rather than copied, that was the hash of the later bytes
// (faults/test_source_rewritten.py).
TEST_F(ObjectStoreTest, WhatIsStoredIsWhatWasHashed) {
  const Path path = folder_ / "source";
  write_file(path, bytes(4 * kBlock));
  const struct stat before = *stat_path(path);
  const UniqueFd source = open_file(path, O_RDONLY);
  bool changed = false;
  const auto ingested =
      store_.ingest(source.get(), path,
                    {.stop = [] { return false; },
                     .on_bytes =
                         [&](int64_t) {
                           if (std::exchange(changed, true)) return;
                           const UniqueFd writer = open_file(path, O_WRONLY);
                           pwrite_all(writer.get(), std::as_bytes(std::span("other", 5)), 3 * kBlock, path);
                           const std::array<timespec, 2> times{before.st_atim, before.st_mtim};
                           ASSERT_EQ(::futimens(writer.get(), times.data()), 0);
                         },
                     .is_catalogued = [](const Digest&) { return false; }});
  ASSERT_TRUE(changed);
  EXPECT_EQ(digest_of(read_text(store_.path_of(ingested.sha256), 8 << 20).value()), ingested.sha256);
}

TEST_F(ObjectStoreTest, APipeIsNoObjectAndIsReplaced) {
  const Path object = store_.path_of(digest_of(""));
  std::filesystem::create_directories(object.parent_path());
  ASSERT_EQ(::mkfifo(object.c_str(), 0644), 0);
  EXPECT_FALSE(store_.is_whole(digest_of("")));
  ingest_text("", true);
  EXPECT_TRUE(store_.is_whole(digest_of("")));
  expect_nothing_staged();
}

TEST_F(ObjectStoreTest, ABuriedObjectIsALeftover) {
  const Digest sha256 = ingest_text("nobody's").sha256;
  store_.bury(sha256);
  EXPECT_FALSE(StorePlace(store_).open(sha256));
  EXPECT_EQ(store_.remove_leftovers(), 1);
  expect_nothing_staged();
}

// After a power cut an object may have its name and its size, but not its bytes. It was not catalogued then.
TEST_F(ObjectStoreTest, WhatAPowerCutLeftIsReplaced) {
  const std::string text = bytes(5000);
  const Path object = store_.path_of(digest_of(text));
  for (const std::string& left : {std::string(5000, '\0'), std::string(), text.substr(0, 4096)}) {
    std::filesystem::create_directories(object.parent_path());
    std::filesystem::remove(object);
    write_file(object, left);
    ingest_text(text, false);
    EXPECT_EQ(read_text(object), text);
  }
  // One of another size than the catalog says is no copy of it either.
  std::filesystem::remove(object);
  write_file(object, "short");
  ingest_text(text, true);
  EXPECT_EQ(read_text(object), text);
  EXPECT_EQ(lstat_path(object)->st_mode & 0777, 0444U);
  expect_nothing_staged();
}

TEST_F(ObjectStoreTest, ASourceThatChangesMeanwhileIsRefused) {
  write_file(folder_ / "source", bytes(3 * kBlock));
  const UniqueFd source = open_file(folder_ / "source", O_RDONLY);
  const auto change_by = [&](const std::string& text) {
    bool changed = false;
    return refusal([&] {
      store_.ingest(source.get(), folder_ / "source",
                    {.stop = [] { return false; },
                     .on_bytes =
                         [&](int64_t) {
                           if (!std::exchange(changed, true)) write_file(folder_ / "source", text);
                         },
                     .is_catalogued = [](const Digest&) { return false; }});
    });
  };
  EXPECT_EQ(change_by(bytes(4 * kBlock)), EAGAIN);
  EXPECT_EQ(change_by(bytes(kBlock + 1)), EAGAIN);
  EXPECT_EQ(change_by(std::string(kBlock + 1, 'x')), EAGAIN) << "same size, other bytes";
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "objects"));
  expect_nothing_staged();
}

TEST_F(ObjectStoreTest, StopsBetweenBlocks) {
  write_file(folder_ / "source", bytes(3 * kBlock));
  const UniqueFd source = open_file(folder_ / "source", O_RDONLY);
  int64_t read = 0;
  EXPECT_EQ(refusal([&] {
              store_.ingest(source.get(), "source",
                            {.stop = [&] { return read > 0; },
                             .on_bytes = [&](int64_t n) { read += n; },
                             .is_catalogued = [](const Digest&) { return false; }});
            }),
            ECANCELED);
  EXPECT_EQ(read, static_cast<int64_t>(kBlock));
  expect_nothing_staged();
}

// Scenario: two threads stored the same new bytes; the second removed the first's object before it gave its own that
// name, and the first, about to open it, found nothing.
TEST_F(ObjectStoreTest, AReplacedObjectsPlaceIsNeverEmpty) {
  const Path object = store_.path_of(ingest_text("same").sha256);
  const auto before = lstat_path(object)->st_ino;
  const UniqueFd events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(events.get(), object.parent_path().c_str(), IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO),
            0);
  ingest_text("same");
  ASSERT_NE(lstat_path(object)->st_ino, before);
  alignas(inotify_event) char buffer[4096];
  const ssize_t n = ::read(events.get(), buffer, sizeof buffer);
  ASSERT_GE(n, static_cast<ssize_t>(sizeof(inotify_event)));
  const auto* event = reinterpret_cast<const inotify_event*>(buffer);
  EXPECT_EQ(event->mask, static_cast<uint32_t>(IN_MOVED_TO)) << "something was taken away";
  EXPECT_EQ(static_cast<size_t>(n), sizeof(inotify_event) + event->len) << "more than one thing happened";
}

// Whoever is first, all get an open object with the bytes; nobody meets a moment without one.
TEST_F(ObjectStoreTest, ManyThreadsWithTheSameBytes) {
  const std::string text = bytes(1000);
  write_file(folder_ / "source", text);
  const size_t before = open_descriptors();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        try {
          std::string through(text.size(), '\0');
          const auto ingested = ingest(folder_ / "source");
          pread_some(ingested.object.get(), std::as_writable_bytes(std::span(through)), 0, "object");
          if (through != text) ++failures;
        } catch (const Error& error) {
          ++failures;
          ADD_FAILURE() << error.what();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(open_descriptors(), before);
  expect_nothing_staged();
}

// A process that is being started has for a moment all that is open here, locks included, also of what is closed
// meanwhile.
TEST_F(ObjectStoreTest, AKeptFileThatIsLockedForAMomentIsOpenedAfterThat) {
  {
    StagedFile first(store_);
    first.write(0, std::as_bytes(std::span("hello", 5)));
    first.keep(7);
  }
  UniqueFd other = open_file(folder_ / "staging/draft-7", O_RDONLY);
  ASSERT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_FALSE(store_.open_kept(7));
  std::thread lets_go([&other] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    other.reset();
  });
  EXPECT_TRUE(store_.open_kept(7, std::chrono::steady_clock::now() + std::chrono::minutes(1)));
  lets_go.join();
  store_.forget_kept(7);
}

// Whoever wrote it was killed when it was an object already and the catalog did not know.
TEST_F(ObjectStoreTest, AKeptFileThatBecameAnObjectIsNotWrittenTo) {
  const auto unknown = [](const Digest&) { return false; };
  const auto hello = std::as_bytes(std::span("hello", 5));
  const Digest sha256 = digest_of("hello");
  {
    StagedFile first(store_);
    first.write(0, hello);
    first.keep(7);
    EXPECT_FALSE(store_.open_kept(7)) << "whoever writes it has it";
    first.seal(unknown);
  }
  {
    StagedFile again(store_, store_.open_kept(7).value());
    again.write(0, std::as_bytes(std::span("J", 1)));
    EXPECT_EQ(read_text(store_.path_of(sha256), 100), "hello");
    again.keep(7);
    EXPECT_EQ(again.seal(unknown).sha256, digest_of("Jello"));
    store_.forget_kept(7);
  }
  {
    StagedFile first(store_);
    first.write(0, hello);
    first.keep(8);
    first.seal(unknown);
  }
  {
    StagedFile again(store_, store_.open_kept(8).value());
    EXPECT_EQ(again.seal(unknown).sha256, sha256);
    EXPECT_EQ(read_text(store_.path_of(sha256), 100), "hello");
    store_.forget_kept(8);
  }
  expect_nothing_staged();
}

TEST_F(ObjectStoreTest, LeftoversGoAndAMissingObjectIsAValue) {
  write_file(folder_ / "staging/999999999-1", "left");
  EXPECT_EQ(store_.remove_leftovers(), 1);
  expect_nothing_staged();
  EXPECT_FALSE(StorePlace(store_).open(digest_of("never stored")));
}

}  // namespace
}  // namespace damfs
