// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Derived files that are made piece by piece: what the cache says is there, is there, whatever happened meanwhile.

#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/support/library.h"
#include "tests/support/moved_clock.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::ScratchFolder;

constexpr int64_t kMiB = 1 << 20;
constexpr uint64_t kFrame = 64 << 10;
constexpr int64_t kFrames = 64;

// A head, seconds of sound with a shorter last one, frames.
SparseLayout layout() {
  SparseLayout out;
  out.runs.push_back({8192, 12'000, 30'000});
  out.runs.push_back({40'960, kFrame, kFrames * kFrame});
  out.size = 40'960 + kFrames * kFrame;
  return out;
}
constexpr int64_t kSounds = 3;
constexpr int64_t kUnits = kSounds + kFrames;

std::string unit_text(const SparseLayout& of, int64_t unit, int file = 0) {
  std::string text(of.place(unit).bytes, '\0');
  std::mt19937 random(static_cast<unsigned>(unit * 16 + file));
  for (size_t i = 0; i + 4 <= text.size(); i += 4) {
    const auto word = static_cast<uint32_t>(random());
    text.replace(i, 4, reinterpret_cast<const char*>(&word), 4);
  }
  return text;
}

std::string read_at(int fd, uint64_t offset, uint64_t bytes) {
  std::string text(bytes, '\0');
  text.resize(pread_some(fd, std::as_writable_bytes(std::span(text)), offset, "test"));
  return text;
}

class SparseFileTest : public ::testing::Test {
 protected:
  SparseFileTest() { std::filesystem::create_directory(path_); }

  static DerivedKey key(int number = 0) { return {digest_of(std::to_string(number)), "edit", 1}; }
  Path path_of(int number = 0) const { return path_ / "edit" / key(number).text().substr(0, 2) / key(number).text(); }

  SparseFileRef open(DerivedCache& cache, int number = 0) {
    return cache.open_sparse(key(number), layout_, std::as_bytes(std::span(head_)));
  }

  // As a worker's output is: the unit stands somewhere in another file.
  void put(SparseFile& file, int64_t unit, int number = 0) {
    const UniqueFd from(::memfd_create("unit", MFD_CLOEXEC));
    const std::string text = "before" + unit_text(layout_, unit, number);
    write_all(from.get(), std::as_bytes(std::span(text)), "unit");
    file.put(unit, from.get(), 6);
  }

  // Every unit that is said to be there must be right; returns how many there are.
  int64_t check(SparseFile& file, int number = 0) {
    int64_t there = 0;
    for (int64_t unit = 0; unit < kUnits; ++unit) {
      const auto pin = file.pin(unit, 1);
      if (!pin) continue;
      EXPECT_TRUE(file.is_complete() || file.has(unit));
      const auto place = layout_.place(unit);
      EXPECT_TRUE(read_at(file.fd(), place.offset, place.bytes) == unit_text(layout_, unit, number)) << unit;
      ++there;
    }
    EXPECT_EQ(read_at(file.fd(), 0, head_.size()), head_);
    return there;
  }

  int64_t bytes_on_disk() const {
    int64_t total = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_ / "edit")) {
      if (entry.is_regular_file()) total += lstat_path(entry.path())->st_blocks * 512;
    }
    return total;
  }

  // What is put is saved some seconds later.
  void await(const std::function<bool()>& is_so) {
    while (!is_so()) {
      clock_.forward(std::chrono::seconds(1));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  test::MovedClock clock_;
  ScratchFolder scratch_;
  const Path path_ = scratch_ / "derived";
  const SparseLayout layout_ = layout();
  const std::string head_ = "the head of " + std::string(5000, 'h');
};

TEST_F(SparseFileTest, UnitsDivideTheirRuns) {
  EXPECT_EQ(layout_.units(), kUnits);
  EXPECT_EQ(layout_.place(1).offset, 8192U + 12'000);
  EXPECT_EQ(layout_.place(2).bytes, 6000U);
  EXPECT_EQ(layout_.place(kSounds + 1).offset, 40'960U + kFrame);
  EXPECT_THROW((void)layout_.place(kUnits), Error);
  EXPECT_THROW((void)layout_.place(-1), Error);
}

TEST_F(SparseFileTest, GivesBackWhatWasPutInAndNothingElse) {
  DerivedCache cache(path_, kMiB * 100);
  const auto file = open(cache);
  EXPECT_EQ(check(*file), 0);
  for (const int64_t unit : {0, 2, 3, 40, 66}) put(*file, unit);
  put(*file, 40);
  EXPECT_EQ(check(*file), 5);
  EXPECT_FALSE(file->pin(2, 3));
  EXPECT_TRUE(file->pin(2, 2));
  EXPECT_FALSE(file->pin(kUnits - 1, 2));
  EXPECT_FALSE(file->has(kUnits));
  EXPECT_FALSE(file->is_complete());
  EXPECT_EQ(open(cache), file) << "one object a file";
}

TEST_F(SparseFileTest, WhatIsTooShortIsNotTaken) {
  DerivedCache cache(path_, kMiB * 100);
  const auto file = open(cache);
  const UniqueFd from(::memfd_create("unit", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(from.get(), kFrame - 1), 0);
  EXPECT_THROW(file->put(5, from.get(), 0), Error);
  EXPECT_FALSE(file->has(5));
}

TEST_F(SparseFileTest, IsKeptForTheNextProgram) {
  {
    DerivedCache cache(path_, kMiB * 100);
    const auto file = open(cache);
    for (const int64_t unit : {0, 40, 41}) put(*file, unit);
  }
  DerivedCache cache(path_, kMiB * 100);
  EXPECT_EQ(cache.bytes(), bytes_on_disk());
  const auto file = open(cache);
  EXPECT_EQ(check(*file), 3);
  put(*file, 1);
  EXPECT_EQ(check(*file), 4);
}

TEST_F(SparseFileTest, CompleteItIsThatFileAndNoMore) {
  std::string whole;
  {
    DerivedCache cache(path_, kMiB * 100);
    const auto file = open(cache);
    for (int64_t unit = kUnits - 1; unit >= 0; --unit) put(*file, unit);
    while (!file->is_complete()) std::this_thread::yield();
    EXPECT_EQ(stat_fd(file->fd(), "").st_size, static_cast<int64_t>(layout_.size));
    EXPECT_TRUE(file->pin(0, kUnits));
    whole = read_at(file->fd(), 0, layout_.size);
  }
  EXPECT_EQ(lstat_path(path_of())->st_size, static_cast<int64_t>(layout_.size));
  DerivedCache cache(path_, kMiB * 100);
  const auto file = open(cache);
  EXPECT_TRUE(file->is_complete());
  EXPECT_EQ(check(*file), kUnits);
  EXPECT_TRUE(read_at(file->fd(), 0, layout_.size) == whole);
  EXPECT_EQ(cache.bytes(), bytes_on_disk());
}

TEST_F(SparseFileTest, AllHeadItIsCompleteAtOnce) {
  SparseLayout plain;
  plain.size = head_.size();
  DerivedCache cache(path_, kMiB);
  const auto file = cache.open_sparse(key(), plain, std::as_bytes(std::span(head_)));
  await([&] { return file->is_complete(); });
  EXPECT_EQ(stat_fd(file->fd(), "").st_size, static_cast<int64_t>(head_.size()));
}

TEST_F(SparseFileTest, OneOfAnotherLayoutOrTornIsMadeAnew) {
  const auto fill = [&] {
    DerivedCache cache(path_, kMiB * 100);
    put(*open(cache), 7);
  };
  const auto count = [&] {
    DerivedCache cache(path_, kMiB * 100);
    return check(*open(cache));
  };
  const auto damage = [&](const std::function<void(int fd, int64_t size)>& how) {
    fill();
    const UniqueFd fd = open_file(path_of(), O_RDWR);
    how(fd.get(), stat_fd(fd.get(), "").st_size);
  };
  fill();
  EXPECT_EQ(count(), 1);
  damage([](int fd, int64_t size) { ASSERT_EQ(::ftruncate(fd, size - 1), 0); });
  EXPECT_EQ(count(), 0);
  damage([](int fd, int64_t) { ASSERT_EQ(::ftruncate(fd, 0), 0); });
  EXPECT_EQ(count(), 0);
  damage([&](int fd, int64_t) {
    ASSERT_EQ(::pwrite(fd, "X", 1, static_cast<off_t>(layout_.size)), 1);  // the map's first byte
  });
  EXPECT_EQ(count(), 0);
  fill();
  SparseLayout other = layout_;
  other.runs[0].unit_bytes = 10'000;
  DerivedCache cache(path_, kMiB * 100);
  const auto file = cache.open_sparse(key(), other, std::as_bytes(std::span(head_)));
  EXPECT_FALSE(file->has(7));
}

TEST_F(SparseFileTest, DeletedUnderUseItGoesOnAndTheNextOneIsNew) {
  DerivedCache cache(path_, kMiB * 100);
  const auto before = open(cache);
  put(*before, 7);
  await([&] { return lstat_path(path_of()).has_value(); });
  for (const bool everything : {false, true}) {
    SCOPED_TRACE(everything);
    const auto file = open(cache);
    const auto there = check(*file);
    if (!lstat_path(path_of())) put(*file, 9);
    await([&] { return lstat_path(path_of()).has_value(); });
    everything ? std::filesystem::remove_all(path_) : std::filesystem::remove(path_of());
    EXPECT_GE(check(*file), there);
    put(*file, 8);
    EXPECT_TRUE(file->pin(8, 1));
    const auto next = open(cache);
    EXPECT_NE(next, file);
    EXPECT_EQ(check(*next), 0);
  }
}

TEST_F(SparseFileTest, TwoProgramsFillOneFile) {
  DerivedCache one(path_, kMiB * 100);
  DerivedCache two(path_, kMiB * 100);
  const auto first = open(one);
  await([&] { return lstat_path(path_of()).has_value(); });
  const auto second = open(two);
  for (int64_t unit = 0; unit < kUnits; ++unit) put(unit % 2 == 0 ? *first : *second, unit);
  while (!first->is_complete() || !second->is_complete()) {
    // Each learns of the other's units when it saves some of its own.
    put(*first, 0);
    put(*second, 1);
    first->flush();
    second->flush();
    if (first->is_complete() || second->is_complete()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(lstat_path(path_of())->st_size, static_cast<int64_t>(layout_.size));
  EXPECT_EQ(check(first->is_complete() ? *first : *second), kUnits);
  check(*first);
  check(*second);
}

TEST_F(SparseFileTest, PiecesOfOpenFilesAreEvictedTheLeastRecentlyUsedFirst) {
  const int64_t bound = 6 * kMiB;
  DerivedCache cache(path_, bound);
  std::vector<SparseFileRef> files;
  for (int n = 0; n < 3; ++n) files.push_back(open(cache, n));
  for (int64_t unit = kSounds; unit < kUnits; ++unit) {
    for (int n = 0; n < 3; ++n) put(*files[static_cast<size_t>(n)], unit, n);
    EXPECT_LE(cache.bytes(), bound);
  }
  int64_t there = 0;
  for (int n = 0; n < 3; ++n) {
    auto& file = *files[static_cast<size_t>(n)];
    there += check(file, n);
    EXPECT_FALSE(file.has(kSounds)) << n;
    EXPECT_TRUE(file.has(kUnits - 1)) << n;
  }
  EXPECT_GT(there * static_cast<int64_t>(kFrame), bound / 2) << "no more than needed";
  EXPECT_LE(bytes_on_disk(), bound);
  // What went can be put again.
  put(*files[0], kSounds, 0);
  EXPECT_TRUE(files[0]->has(kSounds));
  for (int n = 0; n < 3; ++n) check(*files[static_cast<size_t>(n)], n);
}

TEST_F(SparseFileTest, WhatIsPinnedStays) {
  DerivedCache cache(path_, 2 * kMiB);
  const auto file = open(cache);
  put(*file, 10);
  const auto pin = file->pin(10, 1);
  ASSERT_TRUE(pin);
  for (int64_t unit = kSounds + 16; unit < kUnits; ++unit) put(*file, unit);
  EXPECT_TRUE(file->has(10));
  EXPECT_LE(cache.bytes(), 2 * kMiB + 64 * 1024);
  const auto place = layout_.place(10);
  EXPECT_TRUE(read_at(file->fd(), place.offset, place.bytes) == unit_text(layout_, 10));
}

TEST_F(SparseFileTest, FilesNobodyHasOpenGoBeforePieces) {
  DerivedCache cache(path_, 6 * kMiB);
  for (int n = 1; n < 40; ++n) {
    const UniqueFd staged = cache.stage();
    const std::string text(100'000, 's');
    write_all(staged.get(), std::as_bytes(std::span(text)), "staged");
    cache.insert({digest_of(std::to_string(n)), "small", 1}, staged.get());
  }
  const auto file = open(cache);
  for (int64_t unit = kSounds; unit < kSounds + 48; ++unit) put(*file, unit);
  EXPECT_EQ(check(*file), 48);
  EXPECT_LE(cache.bytes(), 6 * kMiB);
}

// While another program may read them, nobody frees pieces: it would be given zeros.
TEST_F(SparseFileTest, WhatAnotherProgramHasOpenIsNotPunched) {
  DerivedCache mine(path_, 2 * kMiB);
  DerivedCache theirs(path_, 100 * kMiB);
  const auto first = open(mine);
  put(*first, 5);
  await([&] { return lstat_path(path_of()).has_value(); });
  const auto other = open(theirs);
  ASSERT_TRUE(other->has(5));
  for (int64_t unit = kSounds; unit < kUnits; ++unit) put(*first, unit);
  EXPECT_EQ(check(*other), 1);
  EXPECT_EQ(check(*first), kFrames);
}

// On a disk of its own, which is full before the bound is reached.
TEST_F(SparseFileTest, AFullDiskCostsTheLeastRecentlyUsedAndNoReaderItsBytes) {
  if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=3m") != 0) GTEST_SKIP() << "only root may mount a small disk";
  {
    DerivedCache cache(path_, 100 * kMiB);
    const auto file = open(cache);
    for (int64_t unit = kSounds; unit < kUnits; ++unit) {
      put(*file, unit);
      ASSERT_TRUE(file->has(unit)) << unit;
    }
    EXPECT_FALSE(file->has(kSounds));
    EXPECT_GT(check(*file), 0);

    const auto other = open(cache, 1);
    std::vector<SparseFile::Pin> pins;  // nothing may go
    int64_t unit = kSounds;
    try {
      for (; unit < kUnits; ++unit) {
        put(*other, unit, 1);
        pins.push_back(other->pin(unit, 1));
      }
      ADD_FAILURE() << "four MiB on a disk of three";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ENOSPC) << error.what();
    }
    EXPECT_FALSE(other->has(unit));
    EXPECT_EQ(check(*other, 1), unit - kSounds);
    pins.clear();
    put(*other, unit, 1);
    EXPECT_TRUE(other->has(unit));
  }
  ::umount2(path_.c_str(), MNT_DETACH);
}

// The map never says more than there is, at whatever moment the program is killed.
TEST_F(SparseFileTest, KilledItLosesOnlyWhatWasNotSaved) {
  int64_t kept = 0;
  for (int round = 0; round < 3; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      DerivedCache cache(path_, 3 * kMiB);  // smaller than the file: evicts too
      const auto file = open(cache);
      std::mt19937 random(static_cast<unsigned>(round));
      for (int i = 0;; ++i) {
        put(*file, static_cast<int64_t>(random() % kUnits));
        if (i % 10 == 9) file->flush();
      }
    }
    const auto written = [&] {
      const auto st = lstat_path(path_of());
      return st ? st->st_blocks * 512 : 0;
    };
    while (written() < kMiB) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(37 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    DerivedCache cache(path_, 3 * kMiB);
    kept += check(*open(cache));
  }
  EXPECT_GT(kept, 0);
}

TEST_F(SparseFileTest, ManyThreadsPutPinAndEvict) {
  DerivedCache cache(path_, 3 * kMiB);
  std::vector<std::thread> threads;
  std::atomic<int> reads{0};
  for (unsigned n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      std::mt19937 random(n);
      for (int i = 0; i < 300; ++i) {
        const int number = static_cast<int>(random() % 2);
        const auto file = open(cache, number);
        const auto unit = static_cast<int64_t>(random() % kUnits);
        put(*file, unit, number);
        const auto pin = file->pin(unit, 1);
        if (!pin) continue;
        const auto place = layout_.place(unit);
        EXPECT_TRUE(read_at(file->fd(), place.offset, place.bytes) == unit_text(layout_, unit, number));
        ++reads;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(reads, 600);
  await([&] { return cache.bytes() <= 3 * kMiB; });
}

}  // namespace
}  // namespace damfs
