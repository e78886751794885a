// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::ScratchFolder;
using testing::write_file;

constexpr int64_t kSmall = 64 << 10;

DerivedKey key(int number) { return {digest_of(std::to_string(number)), "small", 1}; }

void put(DerivedCache& cache, int number, size_t size = 8192) {
  const UniqueFd staged = cache.stage();
  const std::string text(size, static_cast<char>('a' + number % 26));
  write_all(staged.get(), std::as_bytes(std::span(text)), "staged");
  cache.insert(key(number), staged.get());
}

class DerivedCacheTest : public ::testing::Test {
 protected:
  DerivedCacheTest() { std::filesystem::create_directory(path_); }
  int64_t bytes_on_disk(const Path& folder) {
    int64_t total = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && entry.path().parent_path() != folder)
        total += lstat_path(entry.path())->st_blocks * 512;
    }
    return total;
  }
  ScratchFolder scratch_;
  Path path_ = scratch_ / "derived";
};

TEST_F(DerivedCacheTest, GivesBackWhatWasPutIn) {
  DerivedCache cache(path_, kSmall);
  EXPECT_FALSE(cache.open(key(1)));
  put(cache, 1);
  const auto fd = cache.open(key(1));
  ASSERT_TRUE(fd);
  EXPECT_EQ(stat_fd(fd->get(), "").st_size, 8192);
  EXPECT_FALSE(cache.open({key(1).source, "medium", 1}));
  EXPECT_FALSE(cache.open({key(1).source, "small", 2}));
  EXPECT_EQ(cache.bytes(), bytes_on_disk(path_));
}

TEST_F(DerivedCacheTest, TheLeastRecentlyUsedGoFirst) {
  DerivedCache cache(path_, kSmall);
  for (int i = 0; i < 8; ++i) put(cache, i);
  EXPECT_EQ(cache.bytes(), kSmall);
  EXPECT_TRUE(cache.open(key(0)));
  put(cache, 8);
  EXPECT_LE(cache.bytes(), kSmall);
  EXPECT_EQ(cache.bytes(), bytes_on_disk(path_));
  EXPECT_TRUE(cache.open(key(0))) << "it was used just now";
  EXPECT_TRUE(cache.open(key(8)));
  EXPECT_FALSE(cache.open(key(1)));
}

TEST_F(DerivedCacheTest, HolesAreNotCounted) {
  DerivedCache cache(path_, kSmall);
  const UniqueFd staged = cache.stage();
  const std::string text(4096, 'x');
  write_all(staged.get(), std::as_bytes(std::span(text)), "staged");
  ASSERT_EQ(::ftruncate(staged.get(), 1 << 20), 0);
  cache.insert(key(1), staged.get());
  EXPECT_LT(cache.bytes(), 64 << 10);
  EXPECT_EQ(cache.bytes(), bytes_on_disk(path_));
}

TEST_F(DerivedCacheTest, AFileDeletedByHandIsMadeAgainAndCountedOnce) {
  DerivedCache cache(path_, kSmall);
  for (int i = 0; i < 4; ++i) {
    put(cache, 1);
    ASSERT_TRUE(cache.open(key(1)));
    std::filesystem::remove_all(path_ / "small");
    EXPECT_FALSE(cache.open(key(1)));
  }
  put(cache, 1);
  EXPECT_EQ(cache.bytes(), bytes_on_disk(path_));
}

TEST_F(DerivedCacheTest, TheWholeFolderMayGoUnderUse) {
  DerivedCache cache(path_, kSmall);
  put(cache, 1);
  cache.remember_failure(key(2), "damaged");
  std::filesystem::remove_all(path_);
  EXPECT_FALSE(cache.open(key(1)));
  for (int i = 0; i < 20; ++i) {
    put(cache, i);
    EXPECT_TRUE(cache.open(key(i))) << i;
  }
  EXPECT_LE(bytes_on_disk(path_), kSmall);
  EXPECT_NO_THROW(cache.failure(key(2)));
}

TEST_F(DerivedCacheTest, WithoutItsIndexItsFilesAreStillBounded) {
  {
    DerivedCache cache(path_, kSmall);
    for (int i = 0; i < 6; ++i) put(cache, i);
  }
  for (const char* name : {"index.db", "index.db-wal", "index.db-shm"}) std::filesystem::remove(path_ / name);
  DerivedCache cache(path_, kSmall);
  EXPECT_EQ(cache.bytes(), bytes_on_disk(path_));
  for (int i = 6; i < 12; ++i) put(cache, i);
  EXPECT_LE(bytes_on_disk(path_), kSmall);
}

TEST_F(DerivedCacheTest, ABrokenIndexIsMadeAnew) {
  {
    DerivedCache cache(path_, kSmall);
    put(cache, 1);
  }
  for (const std::string& broken :
       {std::string(10'000, 'x'), std::string("SQLite format 3\0", 16) + std::string(5000, '\xFF'), std::string()}) {
    write_file(path_ / "index.db", broken);
    DerivedCache cache(path_, kSmall);
    EXPECT_TRUE(cache.open(key(1)));
    put(cache, 2);
    EXPECT_TRUE(cache.open(key(2)));
  }
}

// A library on a removable disk is mounted elsewhere tomorrow: what it evicts must be what it counts.
TEST_F(DerivedCacheTest, AMovedFolderIsStillBounded) {
  {
    DerivedCache cache(path_, kSmall);
    for (int i = 0; i < 8; ++i) put(cache, i);
  }
  const Path moved = scratch_ / "elsewhere";
  std::filesystem::rename(path_, moved);
  DerivedCache cache(moved, kSmall);
  for (int i = 8; i < 16; ++i) put(cache, i);
  EXPECT_LE(bytes_on_disk(moved), kSmall);
  EXPECT_EQ(cache.bytes(), bytes_on_disk(moved));
}

TEST_F(DerivedCacheTest, OneOfTheWrongSizeIsReplaced) {
  DerivedCache cache(path_, kSmall);
  put(cache, 1, 100);  // what a power cut left
  put(cache, 1, 8192);
  EXPECT_EQ(stat_fd(cache.open(key(1))->get(), "").st_size, 8192);
  EXPECT_EQ(cache.bytes(), bytes_on_disk(path_));
}

TEST_F(DerivedCacheTest, TwoShareOneFolder) {
  DerivedCache one(path_, kSmall);
  DerivedCache two(path_, kSmall);
  for (int i = 0; i < 20; ++i) {
    put(i % 2 == 0 ? one : two, i);
    EXPECT_TRUE((i % 2 == 0 ? two : one).open(key(i))) << i;
  }
  put(one, 1);
  put(two, 1);
  one.remember_failure(key(50), "damaged");
  EXPECT_EQ(two.failure(key(50)), "damaged");
  put(one, 51);
  EXPECT_LE(bytes_on_disk(path_), 2 * kSmall);
}

TEST_F(DerivedCacheTest, RemembersFailuresUntilTold) {
  {
    DerivedCache cache(path_, kSmall);
    EXPECT_FALSE(cache.failure(key(1)));
    cache.remember_failure(key(1), "the file is damaged");
  }
  DerivedCache cache(path_, kSmall);
  EXPECT_EQ(cache.failure(key(1)), "the file is damaged");
  EXPECT_FALSE(cache.failure({key(1).source, "small", 2})) << "another recipe may succeed";
  cache.remember_failure(key(2), "the worker crashed");
  const auto failures = cache.failures();
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[0].key, key(2)) << "the newest first";
  EXPECT_EQ(failures[1].reason, "the file is damaged");
  cache.forget_failure(key(1));
  EXPECT_FALSE(cache.failure(key(1)));
  EXPECT_EQ(cache.failures().size(), 1U);
}

TEST(DerivedKey, IsReadBackFromItsName) {
  for (const DerivedKey& key : {DerivedKey{digest_of("a"), "small", 1}, DerivedKey{digest_of("b"), "edit-hq", 12},
                                DerivedKey{digest_of("c"), "my-r2", 3}}) {
    EXPECT_EQ(DerivedKey::parse(key.text()), key) << key.text();
  }
  const std::string good = key(1).text();
  for (const std::string& bad : {std::string(), std::string("index.db"), good + "x", good.substr(1), good + ".webp",
                                 digest_of("a").hex() + "-Small-r1", digest_of("a").hex() + "-r1"}) {
    EXPECT_FALSE(DerivedKey::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace damfs
