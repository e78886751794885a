// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/holes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>

#include "catalog/base/error.h"
#include "catalog/base/exact_time.h"
#include "catalog/base/long_path.h"
#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::ScratchFolder;

class HolesTest : public ::testing::Test {
 protected:
  HolesTest() : file_(open_file(scratch_ / "file", O_RDWR | O_CREAT, 0600)) {
    pwrite_all(file_.get(), std::as_bytes(std::span(std::string_view("data"))), kAt, "file");
    if (::ftruncate(file_.get(), kSize) != 0) throw_errno(errno, "cannot make a hole");
  }
  static constexpr int64_t kAt = 8 << 20;
  static constexpr int64_t kSize = 20 << 20;
  ScratchFolder scratch_;
  UniqueFd file_;
};

TEST_F(HolesTest, AreFound) {
  if (data_bytes(file_.get(), kSize) == kSize) GTEST_SKIP() << "this file system keeps no holes";
  EXPECT_EQ(seek_data(file_.get(), 0, kSize), kAt);
  EXPECT_EQ(seek_data(file_.get(), kAt + 1, kSize), kAt + 1);
  EXPECT_EQ(seek_data(file_.get(), kSize - 1, kSize), std::nullopt);
  EXPECT_EQ(seek_hole(file_.get(), 3, kSize), 3);
  EXPECT_GT(seek_hole(file_.get(), kAt, kSize), kAt);
  EXPECT_LT(data_bytes(file_.get(), kSize), uint64_t{1} << 20);
}

TEST_F(HolesTest, EndWhereTheFileDoes) {
  EXPECT_EQ(seek_data(file_.get(), kSize, kSize), std::nullopt);
  EXPECT_EQ(seek_hole(file_.get(), kSize, kSize), std::nullopt);
  EXPECT_EQ(seek_hole(file_.get(), kAt, kAt + 4), kAt + 4) << "behind a file there is a hole";
}

TEST_F(HolesTest, AreHashedAsTheZerosThatAreReadOfThem) {
  std::string text(kSize, '\0');
  text.replace(kAt, 4, "data");
  Sha256 whole;
  whole.update(std::as_bytes(std::span(text)));
  Sha256 hash;
  hash_range(hash, file_.get(), 0, 5, "file");
  hash_range(hash, file_.get(), 5, kAt + 2, "file");
  hash_range(hash, file_.get(), kAt + 2, kSize, "file");
  EXPECT_EQ(hash.finish(), whole.finish());
}

TEST_F(HolesTest, AreNoneBehindTheEnd) {
  Sha256 hash;
  EXPECT_THROW(hash_range(hash, file_.get(), kAt, kAt + (kSize << 1), "file"), Error);
}

// Scenario: what lay at a path of more than 4,095 bytes was left out of an import.
TEST(LongPaths, AreOpenedStepByStep) {
  const ScratchFolder scratch;
  Path path(scratch / "");
  UniqueFd at(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string name(200, 'x');
  int levels = 0;
  for (; path.native().size() < size_t{3} * PATH_MAX; ++levels) {
    ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0700), 0);
    at = UniqueFd(::openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    path /= name;
  }
  write_all(UniqueFd(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)).get(),
            std::as_bytes(std::span(std::string_view("there"))), "file");
  std::string text(5, ' ');
  EXPECT_EQ(read_some(open_file(path / "file", O_RDONLY).get(), std::as_writable_bytes(std::span(text)), "file"), 5U);
  EXPECT_EQ(text, "there");
  const auto none = [](int, const char*) { return 0; };
  EXPECT_EQ(at_length(scratch / std::string(PATH_MAX, 'x'), none), -1);
  EXPECT_EQ(errno, ENAMETOOLONG);
  EXPECT_EQ(at_length(path.native() + "//", [](int, const char* rest) { return *rest != '\0' ? 1 : 0; }), 1);
  // From below, for what removes a scratch folder goes by paths.
  ::unlinkat(at.get(), "file", 0);
  for (; levels > 0; --levels) {
    at = UniqueFd(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    ::unlinkat(at.get(), name.c_str(), AT_REMOVEDIR);
  }
}

TEST(ExactTime, IsNoneBeyondItsYears) {
  EXPECT_EQ(exact_ns({-1, 999'999'999}), -1);
  EXPECT_EQ(exact_ns({0, 5}), 5);
  EXPECT_EQ(exact_ns({9'223'372'036, 854'775'807}), INT64_MAX);
  EXPECT_EQ(exact_ns({9'223'372'036, 854'775'808}), std::nullopt);
  EXPECT_EQ(exact_ns({19'880'899'200, 0}), std::nullopt);
  EXPECT_EQ(exact_ns({-11'676'096'000, 0}), std::nullopt);
}

}  // namespace
}  // namespace damfs
