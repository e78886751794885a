// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The one door to bytes: places in their order, and what is fetched for who needs a descriptor.

#include "catalog/places/places.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>

#include "catalog/places/object_store.h"
#include "catalog/places/store_place.h"
#include "tests/support/fake_place.h"
#include "tests/support/library.h"

namespace damfs::test {
namespace {

using damfs::testing::digest_of;
using std::chrono::milliseconds;

std::string text_of(const UniqueFd& file) {
  std::string text(static_cast<size_t>(stat_fd(file.get(), "a file").st_size), '\0');
  pread_some(file.get(), std::as_writable_bytes(std::span(text)), 0, "a file");
  return text;
}

struct Door : ::testing::Test {
  Door() : store(made(folder / "objects"), made(folder / "staging")) {}
  static Path made(const Path& path) {
    std::filesystem::create_directory(path);
    return path;
  }
  // Behind the store: two places of the test.
  void open_door(milliseconds patience = milliseconds(60'000)) {
    Places::Parts parts = places_of(store);
    for (FakePlace** place : {&near, &far}) {
      auto made = std::make_unique<FakePlace>();
      *place = made.get();
      parts.places.push_back(std::move(made));
    }
    parts.patience = patience;
    parts.most_fetched = 10U << 20;
    places = std::make_unique<Places>(std::move(parts));
  }
  static std::shared_ptr<FakeRanges> put(FakePlace& place, const std::string& text,
                                         FakeRanges::Manner manner = &FakeRanges::at_once) {
    return put_as(place, digest_of(text), text, std::move(manner));
  }
  static std::shared_ptr<FakeRanges> put_as(FakePlace& place, const Digest& sha256, const std::string& text,
                                            FakeRanges::Manner manner = &FakeRanges::at_once) {
    return place.blobs[sha256] = std::make_shared<FakeRanges>(text, std::move(manner));
  }
  Digest store_text(const std::string& text) {
    const UniqueFd staged = store.stage_unnamed();
    write_all(staged.get(), std::as_bytes(std::span(text)), "a staged file");
    const Digest sha256 = digest_of(text);
    store.adopt(staged.get(), sha256, static_cast<int64_t>(text.size()), false);
    return sha256;
  }
  // What fetching it says: its text, or why not.
  std::string fetched(const Digest& sha256) {
    const auto said = std::make_shared<std::promise<std::string>>();
    auto future = said->get_future();
    places->fetch(
        sha256, [said](UniqueFd file) { said->set_value(text_of(file)); },
        [said](const std::string& reason) { said->set_value("failed: " + reason); });
    return future.get();
  }

  damfs::testing::ScratchFolder folder;
  ObjectStore store;
  FakePlace* near = nullptr;
  FakePlace* far = nullptr;
  std::unique_ptr<Places> places;
};

TEST_F(Door, TheStoreGivesADescriptorAndNobodyElseIsAsked) {
  open_door();
  const Digest sha256 = store_text("one");
  const auto opened = places->open(sha256);
  ASSERT_TRUE(opened && opened->file);
  EXPECT_FALSE(opened->ranges);
  EXPECT_EQ(text_of(opened->file), "one");
  EXPECT_EQ(near->opened + far->opened, 0);
  EXPECT_TRUE(places->has(sha256, 3));
  EXPECT_FALSE(places->has(sha256, 4));
}

TEST_F(Door, PlacesAreAskedInTheirOrder) {
  open_door();
  put(*far, "two");
  EXPECT_TRUE(places->has(digest_of("two"), 3));
  auto opened = places->open(digest_of("two"));
  ASSERT_TRUE(opened && opened->ranges);
  EXPECT_EQ(opened->ranges->size(), 3U);
  EXPECT_EQ(opened->ranges->wait(1, 2).size(), 2U);
  const auto nearer = put(*near, "two");
  opened = places->open(digest_of("two"));
  opened->ranges->wait(0, 1);
  EXPECT_EQ(nearer->asked(), 1U);
  EXPECT_FALSE(places->open(digest_of("three")));
  EXPECT_FALSE(places->wait_for(digest_of("three")));
}

TEST_F(Door, APlaceThatIsAwayIsAway) {
  open_door();
  put(*far, "two");
  near->is_away = true;
  EXPECT_TRUE(places->open(digest_of("two"))) << "another has it";
  EXPECT_THROW(places->open(digest_of("three")), Error);
  EXPECT_EQ(fetched(digest_of("two")), "two");
}

TEST_F(Door, WhatIsFetchedIsWholeProvedAndReadOnly) {
  open_door();
  std::string text;
  while (text.size() < 5'000'000) text += std::to_string(text.size()) + " ";
  put(*far, text, FakeRanges::in_pieces(100'000));
  const auto file = places->wait_for(digest_of(text));
  ASSERT_TRUE(file);
  EXPECT_EQ(text_of(*file), text);
  EXPECT_EQ(::write(file->get(), "x", 1), -1);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "staging"));
  EXPECT_FALSE(store.is_there(digest_of(text), static_cast<int64_t>(text.size()))) << "it is not kept";
  put(*far, "");
  EXPECT_EQ(fetched(digest_of("")), "");
}

TEST_F(Door, OtherBytesAreNotGivenOut) {
  open_door();
  const Digest sha256 = digest_of("two");
  put_as(*near, sha256, "owt");
  EXPECT_TRUE(fetched(sha256).starts_with("failed: a place of the test gave other bytes"));
  EXPECT_THROW(places->wait_for(sha256), Error);
  put(*far, "two");
  EXPECT_EQ(fetched(sha256), "two") << "the next place has them";
}

TEST_F(Door, AsManyAsAskAtTheSameTimeFetchOnce) {
  open_door();
  const auto ranges = put(*far, "two", nullptr);
  std::vector<std::future<std::optional<UniqueFd>>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] { return places->wait_for(digest_of("two")); }));
  }
  const auto question = ranges->take();
  const auto until = std::chrono::steady_clock::now() + patience(60);
  while (far->opened < 4 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(20));
  question.got(0, ranges->bytes(question));
  for (auto& each : waiting) EXPECT_EQ(text_of(each.get().value()), "two");
  EXPECT_EQ(ranges->asked(), 1U);
}

TEST_F(Door, TooMuchToBeFetched) {
  open_door();
  const std::string text((10U << 20) + 1, 'x');
  const auto ranges = put(*far, text);
  EXPECT_TRUE(fetched(digest_of(text)).starts_with("failed: it has 10485761 bytes"));
  EXPECT_EQ(ranges->asked(), 0U);
}

TEST_F(Door, APlaceThatNeverAnswersFailsTheFetchInTime) {
  open_door(milliseconds(20));
  put(*far, "two", &FakeRanges::never);
  EXPECT_TRUE(fetched(digest_of("two")).starts_with("failed: "));
}

TEST_F(Door, WhoWaitsForItWaitsNoLongerThanItSays) {
  open_door();
  const auto ranges = put(*far, "two", nullptr);
  EXPECT_THROW(places->wait_for(digest_of("two"), milliseconds(10)), Error);
  const auto question = ranges->take();
  question.got(0, ranges->bytes(question));
}

TEST_F(Door, WhatThenThrowsIsAFailure) {
  open_door();
  put(*far, "two");
  std::promise<std::string> said;
  places->fetch(
      digest_of("two"), [](const UniqueFd&) { fail(EIO, "no worker"); },
      [&](const std::string& reason) { said.set_value(reason); });
  EXPECT_EQ(said.get_future().get(), "no worker");
}

TEST_F(Door, TheEndFailsWhatIsFetchedAndWhatComes) {
  open_door();
  const auto ranges = put(*far, "two", nullptr);
  std::atomic<int> failed = 0;
  const auto fetch = [&] {
    places->fetch(
        digest_of("two"), [](const UniqueFd&) { ADD_FAILURE(); }, [&](const std::string&) { ++failed; });
  };
  fetch();
  const auto opened = places->open(digest_of("two"));
  const auto question = ranges->take();
  places->end();
  EXPECT_EQ(failed, 1);
  question.got(0, ranges->bytes(question));
  fetch();
  EXPECT_EQ(failed, 2);
  EXPECT_THROW(opened->ranges->wait(0, 1), Error);
}

}  // namespace
}  // namespace damfs::test
