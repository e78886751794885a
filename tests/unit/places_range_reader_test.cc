// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Ranges that come late, in pieces, wrongly, twice, after they were cancelled, and never.

#include "catalog/places/range_reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "tests/support/fake_place.h"

namespace damfs::test {
namespace {

using std::chrono::milliseconds;

// One read and what it was told.
struct Read {
  std::atomic<int> told{0};
  std::atomic<int> error{-1};
  std::string bytes;

  RangeReader::Got got() {
    return [this](int code, std::span<const std::byte> data) {
      error = code;
      bytes.assign(reinterpret_cast<const char*>(data.data()), data.size());
      ++told;
    };
  }
  void await() const {
    const auto until = std::chrono::steady_clock::now() + patience(60);
    while (told == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(1));
  }
};

struct RangeReading : ::testing::Test {
  RangeReaderRef open(FakeRanges::Manner manner = nullptr, std::string text = "0123456789") {
    ranges = std::make_shared<FakeRanges>(std::move(text), std::move(manner));
    return std::make_shared<RangeReader>(ranges, "a blob", milliseconds(60'000));
  }
  void expect_error_once(FakeRanges::Manner manner) {
    const auto reader = open(std::move(manner));
    Read read;
    reader->read(&read, 2, 4, read.got());
    EXPECT_EQ(read.told, 1);
    EXPECT_EQ(read.error, EIO);
    EXPECT_FALSE(reader->cancel(&read));
  }
  std::shared_ptr<FakeRanges> ranges;
};

TEST_F(RangeReading, AtOnce) {
  const auto reader = open(&FakeRanges::at_once);
  Read read;
  reader->read(&read, 2, 4, read.got());
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.error, 0);
  EXPECT_EQ(read.bytes, "2345");
  EXPECT_FALSE(reader->cancel(&read)) << "it was answered";
  EXPECT_EQ(reader->wait(9, 1).size(), 1U);
}

TEST_F(RangeReading, LateAndInAnotherOrder) {
  const auto reader = open();
  Read one, two;
  reader->read(&one, 0, 3, one.got());
  reader->read(&two, 3, 3, two.got());
  const auto first = ranges->take();
  const auto second = ranges->take();
  EXPECT_EQ(one.told + two.told, 0);
  std::thread([&] { second.got(0, ranges->bytes(second)); }).join();
  std::thread([&] { first.got(0, ranges->bytes(first)); }).join();
  EXPECT_EQ(one.bytes, "012");
  EXPECT_EQ(two.bytes, "345");
}

TEST_F(RangeReading, InPieces) {
  const auto reader = open(FakeRanges::in_pieces(3));
  Read read;
  reader->read(&read, 1, 8, read.got());
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.bytes, "12345678");
  EXPECT_EQ(ranges->asked(), 3U);
}

TEST_F(RangeReading, InTooManyPieces) {
  const auto reader = open(FakeRanges::in_pieces(1), std::string(1000, 'x'));
  Read read;
  reader->read(&read, 0, 1000, read.got());
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.error, EIO);
  EXPECT_LT(ranges->asked(), 300U);
}

TEST_F(RangeReading, NothingTooMuchAnErrnoAndAFault) {
  expect_error_once([](const FakeRanges&, const auto& question) { question.got(0, {}); });
  expect_error_once([](const FakeRanges& far, auto question) {
    question.size += 1;
    question.got(0, far.bytes(question));
  });
  expect_error_once([](const FakeRanges&, const auto& question) { question.got(ETIMEDOUT, {}); });
  expect_error_once([](const FakeRanges&, const auto&) { fail(ENXIO, "unplugged"); });
}

TEST_F(RangeReading, AnErrnoBehindAPieceIsAnError) {
  const auto reader = open();
  Read read;
  reader->read(&read, 0, 4, read.got());
  const auto first = ranges->take();
  first.got(0, ranges->bytes(first, 1));
  EXPECT_EQ(read.told, 0);
  ranges->take().got(EIO, {});
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.error, EIO);
}

TEST_F(RangeReading, TwiceAndAFaultBehindIt) {
  const auto reader = open([](const FakeRanges& far, const auto& question) {
    question.got(0, far.bytes(question));
    question.got(0, far.bytes(question));
    question.got(EIO, {});
    fail(ENXIO, "and a fault behind it");
  });
  Read read;
  reader->read(&read, 2, 4, read.got());
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.bytes, "2345");
}

TEST_F(RangeReading, APieceThatComesTwiceIsTakenOnce) {
  const auto reader = open();
  Read read;
  reader->read(&read, 0, 4, read.got());
  const auto first = ranges->take();
  first.got(0, ranges->bytes(first, 2));
  first.got(0, ranges->bytes(first, 2));
  const auto second = ranges->take();
  second.got(0, ranges->bytes(second));
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.bytes, "0123");
}

TEST_F(RangeReading, AfterItWasCancelled) {
  const auto reader = open();
  Read read, other;
  reader->read(&read, 0, 4, read.got());
  reader->read(&other, 4, 4, other.got());
  EXPECT_TRUE(reader->cancel(&read));
  EXPECT_FALSE(reader->cancel(&read));
  const auto late = ranges->take();
  EXPECT_EQ(ranges->cancelled(), std::vector<uint64_t>{late.number});
  late.got(0, ranges->bytes(late));
  EXPECT_EQ(read.told, 0);
  const auto next = ranges->take();
  next.got(0, ranges->bytes(next));
  EXPECT_EQ(other.bytes, "4567");
}

TEST_F(RangeReading, CancelledBetweenTwoPieces) {
  const auto reader = open();
  Read read;
  reader->read(&read, 0, 4, read.got());
  const auto first = ranges->take();
  first.got(0, ranges->bytes(first, 1));
  EXPECT_TRUE(reader->cancel(&read));
  const auto second = ranges->take();
  second.got(0, ranges->bytes(second));
  EXPECT_EQ(read.told, 0);
}

TEST_F(RangeReading, BeyondTheEndNobodyIsAsked) {
  const auto reader = open(&FakeRanges::at_once);
  for (const uint64_t offset : {uint64_t{8}, uint64_t{11}, UINT64_MAX}) {
    Read read;
    reader->read(&read, offset, 4, read.got());
    EXPECT_EQ(read.error, EIO) << offset;
  }
  EXPECT_EQ(ranges->asked(), 0U);
  EXPECT_THROW(reader->wait(8, 4), Error);
}

TEST_F(RangeReading, NeverIsAnErrorInTime) {
  ranges = std::make_shared<FakeRanges>("0123456789", &FakeRanges::never);
  const auto reader = std::make_shared<RangeReader>(ranges, "a blob", milliseconds(20));
  RangeWatch watch(milliseconds(5));
  watch.watch(reader);
  Read read;
  reader->read(&read, 0, 4, read.got());
  read.await();
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.error, EIO);
  EXPECT_EQ(ranges->cancelled().size(), 1U);
}

TEST_F(RangeReading, TheEndAnswersWhatWaitsAndWhatComes) {
  const auto reader = open();
  RangeWatch watch(milliseconds(1000));
  watch.watch(reader);
  Read read, later;
  reader->read(&read, 0, 4, read.got());
  const auto question = ranges->take();
  watch.end();
  EXPECT_EQ(read.error, EIO);
  question.got(0, ranges->bytes(question));
  EXPECT_EQ(read.told, 1);
  reader->read(&later, 0, 4, later.got());
  EXPECT_EQ(later.error, EIO);
  const auto other = open(&FakeRanges::at_once);
  watch.watch(other);
  Read too_late;
  other->read(&too_late, 0, 4, too_late.got());
  EXPECT_EQ(too_late.error, EIO);
}

TEST_F(RangeReading, AnAnswerForAReaderThatIsGone) {
  auto reader = open();
  Read read;
  reader->read(&read, 0, 4, read.got());
  const auto question = ranges->take();
  reader.reset();
  EXPECT_EQ(read.told, 1);
  EXPECT_EQ(read.error, EIO);
  question.got(0, ranges->bytes(question));
  EXPECT_EQ(read.told, 1);
}

TEST_F(RangeReading, AnswersAndCancelsRacingAreOneOfBoth) {
  const auto reader = open();
  for (int round = 0; round < 200; ++round) {
    Read read;
    reader->read(&read, 0, 4, read.got());
    const auto question = ranges->take();
    std::thread answerer([&] { question.got(0, ranges->bytes(question)); });
    const bool is_cancelled = reader->cancel(&read);
    answerer.join();
    EXPECT_EQ(read.told, is_cancelled ? 0 : 1);
  }
}

}  // namespace
}  // namespace damfs::test
