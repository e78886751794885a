// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/places/staged_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/support/scratch.h"

namespace damfs {
namespace {

class StagedFileTest : public ::testing::Test {
 protected:
  StagedFileTest()
      : made_(std::filesystem::create_directory(folder_.path() / "objects") &&
              std::filesystem::create_directory(folder_.path() / "staging")),
        store_(folder_.path() / "objects", folder_.path() / "staging") {}

  static Digest digest_of(const std::string& text) {
    Sha256 hash;
    hash.update(std::as_bytes(std::span(text)));
    return hash.finish();
  }
  Digest seal(StagedFile& file) {
    return file.seal([](const Digest&) { return false; }).sha256;
  }

  test::Scratch folder_;
  bool made_;
  ObjectStore store_;
};

void put(std::string& model, uint64_t offset, const std::string& data) {
  if (model.size() < offset + data.size()) model.resize(offset + data.size());
  model.replace(offset, data.size(), data);
}

// Whatever was written in whatever order: the name is that of the bytes.
TEST_F(StagedFileTest, TheHashIsOfTheBytesInWhateverOrderTheyCame) {
  std::mt19937 random(20240517);
  const auto below = [&](uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(random); };
  for (int round = 0; round < 150; ++round) {
    StagedFile file(store_);
    std::string model;
    uint64_t next = 0;
    for (int act = 0; act < 40; ++act) {
      const std::string data(1 + below(9000), static_cast<char>('a' + below(26)));
      switch (below(10)) {
        case 0: {  // anywhere
          const uint64_t at = below(model.size() + 20'000);
          file.write(at, std::as_bytes(std::span(data)));
          put(model, at, data);
          break;
        }
        case 1: {
          const uint64_t size = below(model.size() + 5000);
          file.truncate(size);
          model.resize(size);
          next = std::min<uint64_t>(next, size);
          break;
        }
        case 2: {
          if (model.size() < 10) break;
          const uint64_t at = below(model.size() - 5);
          const uint64_t size = 1 + below(model.size() - at);
          file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size);
          std::fill_n(model.begin() + static_cast<ptrdiff_t>(at), size, '\0');
          break;
        }
        case 3: {
          EXPECT_EQ(seal(file), digest_of(model));
          break;
        }
        case 4: {  // a piece that came early, then those before it
          const std::string early(3000, 'E');
          file.write(next + 6000, std::as_bytes(std::span(early)));
          put(model, next + 6000, early);
          for (const uint64_t at : {next + 3000, next}) {
            const std::string piece(3000, static_cast<char>('A' + below(26)));
            file.write(at, std::as_bytes(std::span(piece)));
            put(model, at, piece);
          }
          next += 9000;
          break;
        }
        default: {  // on and on
          file.write(next, std::as_bytes(std::span(data)));
          put(model, next, data);
          next += data.size();
        }
      }
      ASSERT_EQ(file.size(), model.size());
    }
    ASSERT_EQ(seal(file), digest_of(model)) << "round " << round;
  }
}

TEST_F(StagedFileTest, WhatIsMostlyHolesTakesNoRoomWhenItIsChanged) {
  StagedFile file(store_);
  constexpr uint64_t kSize = uint64_t{256} << 20;
  const std::string tail = "the end";
  file.write(kSize - tail.size(), std::as_bytes(std::span(tail)));
  const Digest sealed = seal(file);
  file.write(0, std::as_bytes(std::span(tail)));
  struct stat st {};
  ASSERT_EQ(::fstat(file.bytes()->get(), &st), 0);
  EXPECT_EQ(static_cast<uint64_t>(st.st_size), kSize);
  EXPECT_LT(st.st_blocks, 4096);
  EXPECT_NE(seal(file), sealed);
}

TEST_F(StagedFileTest, PreparedItIsStillWhatIsWrittenLater) {
  StagedFile file(store_);
  const std::string text(3'000'000, 'x');
  file.write(0, std::as_bytes(std::span(text)));
  file.prepare();
  const std::string more = "more";
  file.write(10, std::as_bytes(std::span(more)));
  std::string model = text;
  put(model, 10, more);
  EXPECT_EQ(seal(file), digest_of(model));
}

TEST_F(StagedFileTest, CopiedInByTheKernelItIsHashedToo) {
  const UniqueFd source(::open((folder_.path() / "source").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const std::string text(50'000, 's');
  ASSERT_EQ(::pwrite(source.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  StagedFile file(store_);
  std::string model;
  const std::string head(1000, 'h');
  file.write(0, std::as_bytes(std::span(head)));
  put(model, 0, head);
  size_t done = 0;
  try {
    done = file.copy_from(source.get(), 100, 500, 20'000);
  } catch (const std::exception&) {
    GTEST_SKIP() << "this file system does not copy by itself";
  }
  put(model, 500, text.substr(100, done));
  EXPECT_EQ(seal(file), digest_of(model));
}

}  // namespace
}  // namespace damfs
