// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads that are answered at once, later, never, twice, and while the kernel takes them back.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "catalog/base/error.h"
#include "tests/support/fake_mount.h"

namespace damfs::test {
namespace {

struct Reading : ::testing::Test {
  explicit Reading(unsigned threads = 4) : mount(threads) {}

  // A file whose content is not ready.
  void open_unready(NodeId::FileKind kind = NodeId::FileKind::kStill) {
    file = mount.tree.add_file(mount.tree.top(), "a.webp", "0123456789", false, kind);
    node = file->id().value();
    handle = mount.kernel.open(node);
  }
  // Nothing that could still answer is left after this.
  void all_is_said() {
    mount.kernel.settle();
    mount.kernel.hang_up();
  }

  FakeMount mount;
  std::shared_ptr<FakeFile> file;
  uint64_t node = 0;
  uint64_t handle = 0;
};

TEST_F(Reading, AtOnce) {
  file = mount.tree.add_file(mount.tree.top(), "a.jpg", "0123456789");
  node = file->id().value();
  handle = mount.kernel.open(node);
  EXPECT_EQ(mount.kernel.read(node, handle, 0, 4096).data, "0123456789");
  EXPECT_EQ(mount.kernel.read(node, handle, 4, 3).data, "456");
  EXPECT_EQ(mount.kernel.read(node, handle, 10, 4096).data, "");
  EXPECT_EQ(mount.kernel.read(node, handle, 1000, 4096).error, 0);
  EXPECT_EQ(mount.kernel.read(node, handle + 1, 0, 4096).error, EBADF);
}

TEST_F(Reading, ASliceOfADescriptor) {
  const std::string text(100'000, 'q');
  file = mount.tree.add_file(mount.tree.top(), "a.jpg", text);
  file->content->backing = UniqueFd(::memfd_create("backing", MFD_CLOEXEC));
  ASSERT_EQ(::write(file->content->backing.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  node = file->id().value();
  handle = mount.kernel.open(node);
  EXPECT_EQ(mount.kernel.read(node, handle, 0, 65536).data, text.substr(0, 65536));
  EXPECT_EQ(mount.kernel.read(node, handle, 65536, 65536).data, text.substr(65536));
  EXPECT_EQ(mount.kernel.read(node, handle, 100'000, 65536).data, "");
}

TEST_F(Reading, LaterFromAnotherThreadWhileOthersAreServed) {
  open_unready();
  std::vector<uint64_t> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(mount.kernel.send_read(node, handle, 2, 4));
  file->content->wait_for_waiting(20);
  // Twenty wait, on four threads; everybody else is served (law 7).
  EXPECT_EQ(mount.kernel.getattr(1).error, 0);
  std::thread worker([&] { file->content->become_ready(); });
  for (const uint64_t request : requests) EXPECT_EQ(mount.kernel.wait(request).data, "2345");
  worker.join();
  EXPECT_EQ(mount.stats.late_replies(), 20U);
  all_is_said();
  for (const uint64_t request : requests) EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AnAnswerDroppedUnansweredIsEio) {
  open_unready();
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  file->content->take_waiting().clear();
  EXPECT_EQ(mount.kernel.wait(request).error, EIO);
  file->content->forgetful = true;
  EXPECT_EQ(mount.kernel.read(node, handle, 0, 10).error, EIO);
  EXPECT_EQ(mount.stats.io_errors(), 2U);
}

TEST_F(Reading, AFaultInReadIsItsErrno) {
  open_unready();
  file->content->instead = [](const ReadAnswerRef&) { throw Error(ENXIO, "unplugged"); };
  EXPECT_EQ(mount.kernel.read(node, handle, 0, 10).error, ENXIO);
  file->content->instead = [](const ReadAnswerRef& answer) { answer->fail(ETIMEDOUT); };
  EXPECT_EQ(mount.kernel.read(node, handle, 0, 10).error, ETIMEDOUT);
}

TEST_F(Reading, OnlyTheFirstOfSeveralAnswersCounts) {
  open_unready();
  file->content->instead = [](const ReadAnswerRef& answer) {
    answer->bytes(std::as_bytes(std::span("one", 3)));
    answer->bytes(std::as_bytes(std::span("two", 3)));
    answer->fail(EIO);
    throw Error(ENXIO, "and a fault behind it");
  };
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  EXPECT_EQ(mount.kernel.wait(request).data, "one");
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, ReleaseWhileAReadWaitsKeepsTheContentForIt) {
  open_unready();
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  fuse_release_in release{};
  release.fh = handle;
  EXPECT_EQ(mount.kernel.ask(FUSE_RELEASE, node, packed(release)).error, 0);
  EXPECT_EQ(mount.kernel.ask(FUSE_RELEASE, node, packed(release)).error, 0);
  EXPECT_EQ(mount.session.files().size(), 0U);
  file->content->become_ready();
  EXPECT_EQ(mount.kernel.wait(request).data, "0123456789");
}

// Interrupts.

TEST_F(Reading, AnInterruptWhileItWaitsIsEintrOnce) {
  open_unready();
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  mount.kernel.interrupt(request);
  EXPECT_EQ(mount.kernel.wait(request).error, EINTR);
  mount.kernel.interrupt(request);
  EXPECT_EQ(file->content->cancelled(), 1);
  EXPECT_EQ(mount.stats.cancelled(), 1U);
  file->content->become_ready();
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

struct ReadingInOneThread : Reading {
  ReadingInOneThread() : Reading(1) {}
};

TEST_F(ReadingInOneThread, AnInterruptBeforeTheRequestIsEintr) {
  open_unready();
  const uint64_t request = mount.kernel.next_request();
  mount.kernel.interrupt(request);
  EXPECT_EQ(mount.kernel.wait(mount.kernel.send_read(node, handle, 0, 10)).error, EINTR);
  EXPECT_EQ(file->content->waiting(), 0U);
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AnInterruptBeforeTheContentKnowsTheAnswerStillCancels) {
  open_unready();
  std::atomic<bool> cancel_seen{false};
  file->content->when_cancelled = [&] { cancel_seen = true; };
  const uint64_t request = mount.kernel.next_request();
  auto* content = file->content.get();
  // read() hangs until the interrupt came and found nothing to cancel; only then the answer is registered.
  content->instead = [&, content](const ReadAnswerRef& answer) {
    mount.kernel.interrupt(request);
    while (!cancel_seen) std::this_thread::yield();
    content->read_as_usual(0, 10, answer);
  };
  EXPECT_EQ(mount.kernel.wait(mount.kernel.send_read(node, handle, 0, 10)).error, EINTR);
  EXPECT_EQ(file->content->waiting(), 0U);
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AnInterruptAfterTheAnswerChangesNothing) {
  open_unready();
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  file->content->become_ready();
  EXPECT_EQ(mount.kernel.wait(request).data, "0123456789");
  mount.kernel.interrupt(request);
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AContentThatAlreadyAnswersIsNotCancelled) {
  open_unready();
  std::atomic<bool> cancel_seen{false};
  file->content->when_cancelled = [&] { cancel_seen = true; };
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  auto answers = file->content->take_waiting();  // from here on cancel() says no
  mount.kernel.interrupt(request);
  while (!cancel_seen) std::this_thread::yield();
  answers[0]->bytes(std::as_bytes(std::span("late", 4)));
  EXPECT_EQ(mount.kernel.wait(request).data, "late");
  answers.clear();
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AnAnswerGivenFromWithinCancelDoesNotDeadlock) {
  open_unready();
  file->content->when_cancelled = [&] {
    for (const auto& answer : file->content->take_waiting()) answer->bytes(std::as_bytes(std::span("now", 3)));
  };
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  mount.kernel.interrupt(request);
  EXPECT_EQ(mount.kernel.wait(request).data, "now");
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AnAnswerDroppedFromWithinCancelDoesNotDeadlock) {
  open_unready();
  file->content->when_cancelled = [&] { file->content->take_waiting(); };
  const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  mount.kernel.interrupt(request);
  EXPECT_EQ(mount.kernel.wait(request).error, EIO);
  all_is_said();
  EXPECT_EQ(mount.kernel.answers(request), 1U);
}

TEST_F(Reading, AnswersAndInterruptsRacingGiveExactlyOneAnswerEach) {
  open_unready();
  std::vector<uint64_t> requests;
  for (int round = 0; round < 200; ++round) {
    const uint64_t request = mount.kernel.send_read(node, handle, 0, 10);
    file->content->wait_for_waiting(1);
    std::thread answerer([&] {
      for (const auto& answer : file->content->take_waiting()) {
        if (round % 3 == 0) continue;  // dropped: EIO, unless the interrupt was first
        answer->bytes(std::as_bytes(std::span("bytes", 5)));
      }
    });
    mount.kernel.interrupt(request);
    if (round % 2 == 0) mount.kernel.interrupt(request);
    const auto answer = mount.kernel.wait(request);
    EXPECT_TRUE(answer.error == EINTR || answer.error == EIO || answer.data == "bytes");
    answerer.join();
    requests.push_back(request);
  }
  all_is_said();
  for (const uint64_t request : requests) EXPECT_EQ(mount.kernel.answers(request), 1U);
}

// Closing.

TEST_F(Reading, ClosingAFileCancelsWhatTheClosingThreadAsked) {
  open_unready();
  // Threads that live, for of the dead ones nobody waits: this one and the first of the system.
  const auto self = static_cast<uint32_t>(::gettid());
  mount.kernel.pid = self;
  const uint64_t mine = mount.kernel.send_read(node, handle, 0, 5);
  mount.kernel.pid = 1;
  const uint64_t theirs = mount.kernel.send_read(node, handle, 5, 5);
  file->content->wait_for_waiting(2);
  fuse_flush_in flush{};
  flush.fh = handle;
  mount.kernel.pid = self;
  EXPECT_EQ(mount.kernel.ask(FUSE_FLUSH, node, packed(flush)).error, 0);
  EXPECT_EQ(mount.kernel.wait(mine).error, EINTR);
  EXPECT_EQ(file->content->cancelled(), 1);
  EXPECT_EQ(mount.kernel.answers(theirs), 0U);
  file->content->become_ready();
  EXPECT_EQ(mount.kernel.wait(theirs).data, "56789");
}

TEST_F(Reading, ClosingAFileCancelsWhatAThreadAskedThatHasEnded) {
  open_unready();
  std::thread reader([&] { mount.kernel.pid = static_cast<uint32_t>(::gettid()); });
  reader.join();
  const uint64_t theirs = mount.kernel.send_read(node, handle, 0, 5);
  file->content->wait_for_waiting(1);
  fuse_flush_in flush{};
  flush.fh = handle;
  mount.kernel.pid = static_cast<uint32_t>(::gettid());
  EXPECT_EQ(mount.kernel.ask(FUSE_FLUSH, node, packed(flush)).error, 0);
  EXPECT_EQ(mount.kernel.wait(theirs).error, EINTR);
}

TEST_F(Reading, OnlyFilesThatMayKeepAReaderWaitingHearOfClosing) {
  open_unready(NodeId::FileKind::kStill);
  EXPECT_FALSE(mount.kernel.open_flags(node) & FOPEN_NOFLUSH);
  open_unready(NodeId::FileKind::kOriginal);
  EXPECT_TRUE(mount.kernel.open_flags(node) & FOPEN_NOFLUSH);
}

TEST_F(Reading, PagesOutliveAnOpenOnlyOfWhatNeverChanges) {
  open_unready();
  EXPECT_TRUE(mount.kernel.open_flags(node) & FOPEN_KEEP_CACHE);
  file->content->immutable = false;
  EXPECT_FALSE(mount.kernel.open_flags(node) & FOPEN_KEEP_CACHE);
  EXPECT_FALSE(mount.kernel.open_flags(node) & FOPEN_DIRECT_IO);
}

TEST_F(Reading, AFolderCannotBeOpenedAsAFile) {
  const auto directory = mount.tree.add_directory(mount.tree.top(), "d");
  EXPECT_EQ(mount.kernel.ask(FUSE_OPEN, directory->id().value(), packed(fuse_open_in{})).error, EISDIR);
}

// The end.

TEST_F(Reading, TheEndOfTheSessionEndsWhatWaits) {
  open_unready();
  const uint64_t cancelled = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  auto kept = file->content->take_waiting();
  const uint64_t waiting = mount.kernel.send_read(node, handle, 0, 10);
  file->content->wait_for_waiting(1);
  EXPECT_EQ(mount.kernel.ask(FUSE_DESTROY, 0).error, 0);
  mount.kernel.hang_up();
  EXPECT_EQ(mount.kernel.wait(cancelled).error, ENOTCONN);
  EXPECT_EQ(mount.kernel.wait(waiting).error, EINTR);
  // Too late, and harmless.
  kept[0]->bytes(std::as_bytes(std::span("late", 4)));
  file->content->become_ready();
  EXPECT_EQ(mount.kernel.answers(cancelled), 1U);
}

TEST_F(Reading, AnswersMayOutliveTheSession) {
  std::vector<ReadAnswerRef> kept;
  {
    FakeMount other;
    const auto other_file = other.tree.add_file(other.tree.top(), "a", "0123456789", false);
    other.kernel.send_read(other_file->id().value(), other.kernel.open(other_file->id().value()), 0, 10);
    other_file->content->wait_for_waiting(1);
    kept = other_file->content->take_waiting();
  }
  kept[0]->fail(EIO);
}

TEST(SessionStop, ReturnsFromRun) {
  FakeMount mount;
  mount.session.stop();
  mount.kernel.hang_up();
  SUCCEED();
}

}  // namespace
}  // namespace damfs::test
