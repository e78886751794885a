// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/support/library.h"
#include "tests/support/patience.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::photo;
using testing::ScratchTree;
using testing::write_file;

// Keeps what it was answered, for a test to wait on.
class Waiting final : public ReadAnswer {
 public:
  ~Waiting() override = default;
  void bytes(std::span<const std::byte> data) override {
    settle(0, {reinterpret_cast<const char*>(data.data()), data.size()});
  }
  void slice(int fd, uint64_t offset, size_t size) override {
    std::string text(size, '\0');
    text.resize(pread_some(fd, std::as_writable_bytes(std::span(text)), offset, "preview"));
    settle(0, std::move(text));
  }
  void fail(int error) override { settle(error, {}); }

  std::pair<int, std::string> wait() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(answered_.wait_for(lock, patience(120), [&] { return count_ > 0; })) << "no answer";
    return {error_, text_};
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  void settle(int error, std::string text) {
    const std::lock_guard lock(mutex_);
    error_ = error;
    text_ = std::move(text);
    ++count_;
    answered_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable answered_;
  int count_ = 0;
  int error_ = 0;
  std::string text_;
};

class StillsTest : public ::testing::Test {
 protected:
  // Stores and files a picture of `side`² pixels, made by a tool of the system.
  void add_picture(ScratchTree& tree, const std::string& name, int side) {
    const Path file = tree.folder / "source.ppm";
    std::string text = "P6 " + std::to_string(side) + " " + std::to_string(side) + " 255\n";
    for (int i = 0; i < side * side; ++i) {
      text += static_cast<char>(i % side * 255 / side);
      text += static_cast<char>(i / side * 255 / side);
      text += static_cast<char>(i * 7);
    }
    write_file(file, text);
    add_file(tree, name, file, {side, side});
  }
  void add_file(ScratchTree& tree, const std::string& name, const Path& file, Raster raster) {
    const UniqueFd source = open_file(file, O_RDONLY);
    const auto stored = tree.objects.ingest(source.get(), file,
                                            {.stop = [] { return false; },
                                             .on_bytes = [](int64_t) {},
                                             .is_catalogued = [](const Digest&) { return false; }});
    MediaFacts facts = photo();
    facts.mime = "image/x-portable-pixmap";
    facts.raster = facts.still = raster;
    const std::string text = *read_text(file, 64U << 20);
    ASSERT_EQ(stored.sha256, testing::digest_of(text));
    tree.file(text, "p", name, facts);
  }
  static NodeRef preview(ScratchTree& tree, const std::string& name, const std::string& size = "small") {
    return at_path(tree.tree, "previews/" + size + "/originals/p/" + name + ".webp");
  }
  static std::pair<int, std::string> read_all(const ContentRef& content, uint64_t size) {
    const auto answer = std::make_shared<Waiting>();
    content->read(0, size, answer);
    return answer->wait();
  }
  static int open_error(const NodeRef& node) {
    try {
      node->open({});
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  }
};

TEST_F(StillsTest, ManyReadersOneRender) {
  ScratchTree tree;
  add_picture(tree, "a.ppm", 300);
  const NodeRef node = preview(tree, "a.ppm");
  const uint64_t size = node->attributes()->size;
  std::vector<ContentRef> opened;
  std::vector<std::shared_ptr<Waiting>> answers;
  for (int i = 0; i < 20; ++i) {
    opened.push_back(node->open({}));
    answers.push_back(std::make_shared<Waiting>());
    opened.back()->read(0, size + 100, answers.back());
  }
  const std::string first = answers.front()->wait().second;
  EXPECT_EQ(first.size(), size);
  EXPECT_TRUE(first.starts_with("RIFF")) << first.substr(0, 16);
  for (const auto& answer : answers) {
    EXPECT_EQ(answer->wait(), std::pair(0, first));
    EXPECT_EQ(answer->count(), 1);
  }
  EXPECT_EQ(tree.stills.counters().started, 1U);
  EXPECT_EQ(tree.stills.counters().done, 1U);
  // Behind the end there is nothing; in the middle, the middle.
  const auto behind = std::make_shared<Waiting>();
  opened.front()->read(size, 10, behind);
  EXPECT_EQ(behind->wait(), std::pair(0, std::string()));
  const auto middle = std::make_shared<Waiting>();
  opened.front()->read(100, 50, middle);
  EXPECT_EQ(middle->wait().second, first.substr(100, 50));
}

TEST_F(StillsTest, TheSameBytesAgainAfterTheCacheIsGone) {
  ScratchTree tree;
  add_picture(tree, "a.ppm", 300);
  const NodeRef node = preview(tree, "a.ppm", "medium");
  const uint64_t size = node->attributes()->size;
  const auto first = read_all(node->open({}), size);
  ASSERT_EQ(first.second.size(), size);
  EXPECT_EQ(read_all(node->open({}), size), first);
  EXPECT_EQ(tree.stills.counters().started, 1U) << "the second came from the cache";
  // It is kept behind the reader's back; until then it would be served from memory.
  const auto is_kept = [&] {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree.folder / "derived")) {
      if (DerivedKey::parse(entry.path().filename().native())) return true;
    }
    return false;
  };
  while (!is_kept()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::filesystem::remove_all(tree.folder / "derived");
  EXPECT_EQ(read_all(node->open({}), size), first);
  EXPECT_EQ(tree.stills.counters().started, 2U);
  EXPECT_EQ(read_all(node->open({}), size), first);
  EXPECT_EQ(tree.stills.counters().started, 2U) << "it was kept again";
}

TEST_F(StillsTest, AFailureIsRememberedWithItsReason) {
  ScratchTree tree;
  write_file(tree.folder / "broken", "P6 300 300 255\n");
  add_file(tree, "broken.ppm", tree.folder / "broken", {300, 300});
  const NodeRef node = preview(tree, "broken.ppm");
  EXPECT_FALSE(node->xattr("user.damfs.error"));
  EXPECT_EQ(read_all(node->open({}), 100).first, EIO);
  ASSERT_TRUE(node->xattr("user.damfs.error"));
  EXPECT_FALSE(node->xattr("user.damfs.error")->empty());
  EXPECT_EQ(open_error(node), EIO);
  EXPECT_EQ(tree.stills.counters().started, 1U);
  EXPECT_EQ(tree.stills.counters().failed, 1U);
  // Asked to try again, it does, once.
  std::promise<std::string> again;
  const int64_t version = at_path(tree.tree, "originals/p/broken.ppm")->id().file_id();
  const StillProfile* small[] = {tree.stills.profiles().find("small")};
  tree.stills.warm({StillSubject::What::kVersion, version}, small, {300, 300}, true,
                   [&](const StillProfile&, const std::string& reason) { again.set_value(reason); });
  EXPECT_FALSE(again.get_future().get().empty());
  EXPECT_EQ(tree.stills.counters().started, 2U);
}

TEST_F(StillsTest, AWrongSizeIsAFailureAndNotServed) {
  ScratchTree tree("damfs-fake-worker");  // answers that all is well, and writes nothing
  add_picture(tree, "a.ppm", 300);
  const NodeRef node = preview(tree, "a.ppm");
  EXPECT_EQ(read_all(node->open({}), 100).first, EIO);
  EXPECT_EQ(tree.stills.counters().failed, 1U);
  EXPECT_NE(node->xattr("user.damfs.error").value_or("").find("declared"), std::string::npos);
  EXPECT_EQ(tree.cache.bytes(), 0);
}

TEST_F(StillsTest, AReaderMayGiveUpAndTheOthersStay) {
  ScratchTree tree;
  add_picture(tree, "a.ppm", 1200);
  const NodeRef node = preview(tree, "a.ppm", "large");
  const auto content = node->open({});
  const auto leaving = std::make_shared<Waiting>();
  const auto staying = std::make_shared<Waiting>();
  content->read(0, 10, leaving);
  content->read(0, 10, staying);
  const bool cancelled = content->cancel(*leaving);
  EXPECT_EQ(staying->wait().second.size(), 10U);
  EXPECT_EQ(leaving->count(), cancelled ? 0 : 1);
  EXPECT_FALSE(content->cancel(*staying)) << "it was answered";
}

// Both workers are busy with large pictures: what is opened behind them and closed again never begins.
TEST_F(StillsTest, WhatNobodyWaitsForAnyMoreDoesNotBegin) {
  ScratchTree tree;
  for (const char* name : {"busy1.ppm", "busy2.ppm"}) add_picture(tree, name, name[4] == '1' ? 2000 : 2001);
  add_picture(tree, "late.ppm", 400);
  const auto busy1 = preview(tree, "busy1.ppm", "large")->open({});
  const auto busy2 = preview(tree, "busy2.ppm", "large")->open({});
  const NodeRef late = preview(tree, "late.ppm");
  const uint64_t begun = [&] {
    const auto content = late->open({});
    return tree.stills.counters().started;
  }();
  EXPECT_EQ(begun, 3U);
  // Taken back, unless a worker was quicker.
  const auto counters = tree.stills.counters();
  EXPECT_TRUE(counters.started == 2 || counters.done > 0 || tree.workers.counters().queued == 0);
  EXPECT_EQ(read_all(busy1, 4).second, "RIFF");
  EXPECT_EQ(read_all(busy2, 4).second, "RIFF");
  EXPECT_EQ(read_all(late->open({}), 4).second, "RIFF") << "opened anew, it is made";
}

TEST_F(StillsTest, AMissingOriginalIsAnErrorThatIsNotRemembered) {
  ScratchTree tree;
  add_picture(tree, "a.ppm", 300);
  const NodeRef node = preview(tree, "a.ppm");
  const auto sha = tree.catalog().reader()->bytes_of_version(node->id().file_id())->sha256;
  const Path object = tree.objects.path_of(sha);
  std::filesystem::rename(object, tree.folder / "away");
  EXPECT_EQ(open_error(node), EIO);
  std::filesystem::rename(tree.folder / "away", object);
  EXPECT_EQ(read_all(node->open({}), 4).second, "RIFF");
}

}  // namespace
}  // namespace damfs
