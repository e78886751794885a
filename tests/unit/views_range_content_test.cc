// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// A file whose place answers by ranges, read through the kernel's own ops.

#include "views/frame/range_content.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/support/fake_mount.h"
#include "tests/support/fake_place.h"

namespace damfs::test {
namespace {

// Opens that content, whatever it is.
class OneFile final : public Node {
 public:
  OneFile(NodeId id, uint64_t size, ContentRef content) : Node(id), size_(size), content_(std::move(content)) {}
  std::optional<Attributes> attributes() const override {
    return Attributes{.node = id(), .mode = S_IFREG | 0444, .size = size_};
  }
  ContentRef open(const OpenRequest&) const override { return content_; }

 private:
  const uint64_t size_;
  const ContentRef content_;
};

class OneFileTree final : public NodeSource {
 public:
  explicit OneFileTree(NodeRef file) : file_(std::move(file)) {}
  NodeRef root() const override { return root_; }
  NodeRef node(NodeId id) const override { return id == file_->id() ? file_ : id.value() == 1 ? root_ : nullptr; }

 private:
  const NodeRef root_ = std::make_shared<FakeDirectory>(NodeId(1), NodeId(1));
  const NodeRef file_;
};

constexpr NodeId kFile = NodeId::file(NodeId::FileKind::kOriginal, 0, 7);

struct FarMount {
  // Bytes [begin, begin + size) of a blob of "0123456789".
  FarMount(FakeRanges::Manner manner, uint64_t begin, uint64_t size,
           std::chrono::milliseconds patience = std::chrono::milliseconds(60'000))
      : ranges(std::make_shared<FakeRanges>("0123456789", std::move(manner))),
        reader(std::make_shared<RangeReader>(ranges, "a blob", patience)),
        watch(std::chrono::milliseconds(5)),
        tree(std::make_shared<OneFile>(kFile, size, std::make_shared<RangeContent>(reader, begin, size))),
        session({.nodes = tree, .stats = stats, .library = "/", .owner = {.uid = 1234, .gid = 5678}, .threads = 2}),
        kernel(session) {
    watch.watch(reader);
    kernel.init();
    handle = kernel.open(kFile.value());
  }
  uint64_t ask(uint64_t offset, uint32_t size) { return kernel.send_read(kFile.value(), handle, offset, size); }
  FakeKernel::Answer read(uint64_t offset, uint32_t size) { return kernel.wait(ask(offset, size)); }

  std::shared_ptr<FakeRanges> ranges;
  RangeReaderRef reader;
  RangeWatch watch;
  OneFileTree tree;
  Stats stats;
  Session session;
  FakeKernel kernel;
  uint64_t handle = 0;
};

TEST(RangeContent, AStretchOfABlob) {
  FarMount mount(FakeRanges::in_pieces(2), 2, 6);
  EXPECT_EQ(mount.read(0, 4096).data, "234567");
  EXPECT_EQ(mount.read(3, 2).data, "56");
  EXPECT_EQ(mount.read(6, 4096).data, "");
  EXPECT_EQ(mount.read(1000, 1).error, 0);
}

TEST(RangeContent, OthersAreServedWhileItIsAwaited) {
  FarMount mount(nullptr, 0, 10);
  std::vector<uint64_t> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(mount.ask(0, 4));
  std::vector<FakeRanges::Question> questions;
  for (int i = 0; i < 8; ++i) questions.push_back(mount.ranges->take());
  // Eight wait, on two threads (law 7).
  EXPECT_EQ(mount.kernel.getattr(1).error, 0);
  for (const auto& question : questions) question.got(0, mount.ranges->bytes(question));
  for (const uint64_t request : requests) EXPECT_EQ(mount.kernel.wait(request).data, "0123");
}

TEST(RangeContent, AnInterruptedReadIsGivenUp) {
  FarMount mount(nullptr, 0, 10);
  const uint64_t request = mount.ask(0, 4);
  const auto question = mount.ranges->take();
  mount.kernel.interrupt(request);
  EXPECT_EQ(mount.kernel.wait(request).error, EINTR);
  EXPECT_EQ(mount.ranges->cancelled(), std::vector<uint64_t>{question.number});
  question.got(0, mount.ranges->bytes(question));
  mount.kernel.settle();
  mount.kernel.hang_up();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST(RangeContent, ClosingItGivesUpWhatTheClosingThreadAsked) {
  FarMount mount(nullptr, 0, 10);
  mount.kernel.pid = static_cast<uint32_t>(::gettid());
  const uint64_t request = mount.ask(0, 4);
  mount.ranges->take();
  fuse_flush_in flush{};
  flush.fh = mount.handle;
  EXPECT_FALSE(mount.kernel.open_flags(kFile.value()) & FOPEN_NOFLUSH);
  EXPECT_EQ(mount.kernel.ask(FUSE_FLUSH, kFile.value(), packed(flush)).error, 0);
  EXPECT_EQ(mount.kernel.wait(request).error, EINTR);
}

TEST(RangeContent, AnErrorAndAnAnswerThatNeverComesAreEio) {
  FarMount wrong([](const FakeRanges&, const auto& question) { question.got(ENOENT, {}); }, 0, 10);
  EXPECT_EQ(wrong.read(0, 4).error, EIO);
  FarMount mute(&FakeRanges::never, 0, 10, std::chrono::milliseconds(20));
  EXPECT_EQ(mute.read(0, 4).error, EIO);
}

TEST(RangeContent, ABlobThatIsShorterThanDeclaredIsEioFromThereOn) {
  FarMount mount(&FakeRanges::at_once, 0, 12);
  EXPECT_EQ(mount.read(0, 10).data, "0123456789");
  EXPECT_EQ(mount.read(8, 4).error, EIO);
}

TEST(RangeContent, TheEndOfAMountAnswersWhatIsAwaited) {
  FarMount mount(nullptr, 0, 10);
  mount.ask(0, 4);
  mount.ranges->take();
  mount.kernel.hang_up();  // returns only when nothing is pending
  EXPECT_EQ(mount.ranges->cancelled().size(), 1U);
}

}  // namespace
}  // namespace damfs::test
