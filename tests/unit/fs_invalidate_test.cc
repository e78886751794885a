// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/invalidate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>

#include "tests/support/fake_mount.h"

namespace damfs::test {
namespace {

constexpr std::chrono::milliseconds kQuick{2};

// News that the test writes.
class FakeNews {
 public:
  NewsSource source() {
    return [this](int64_t since, const std::function<bool(NodeId)>& is_known) {
      const std::lock_guard lock(mutex_);
      asked_since.push_back(since);
      std::optional<Tree::News> next = Tree::News();
      if (!next_.empty()) next = std::move(next_.front());
      if (!next_.empty()) next_.pop_front();
      if (!next) throw std::runtime_error("the catalog is busy");
      Tree::News news = std::move(*next);
      std::erase_if(news.stale, [&](const Stale& stale) { return stale.node.is_directory() && !is_known(stale.node); });
      news.newest = std::max(news.newest, since);
      return news;
    };
  }
  void tell(Tree::News news) {
    const std::lock_guard lock(mutex_);
    next_.push_back(std::move(news));
  }
  void fail_once() {
    const std::lock_guard lock(mutex_);
    next_.emplace_back();
  }
  int64_t last_asked() {
    const std::lock_guard lock(mutex_);
    return asked_since.empty() ? -1 : asked_since.back();
  }

 private:
  std::mutex mutex_;
  std::deque<std::optional<Tree::News>> next_;  // each once, in turn; empty: a fault
  std::vector<int64_t> asked_since;
};

// Of a fuse_notify_inval_entry_out: headers older than Linux 6.2 call them padding.
uint32_t flags_of(const std::string& entry) {
  uint32_t flags = 0;
  std::memcpy(&flags, entry.data() + 12, sizeof flags);
  return flags;
}

TEST(Invalidator, TurnsNewsIntoNotificationsAndRepeatsThemOnce) {
  FakeMount mount;
  const auto directory = mount.tree.add_directory(mount.tree.top(), "d");
  const auto unknown = mount.tree.add_directory(mount.tree.top(), "never looked up");
  const auto file = mount.tree.add_file(mount.tree.top(), "a.jpg", "x");
  mount.kernel.lookup(1, "d");
  FakeNews news;
  news.tell({.newest = 7,
             .everything = false,
             .stale = {{Stale::What::kEntry, directory->id(), "new.jpg"},
                       {Stale::What::kListing, directory->id(), ""},
                       {Stale::What::kListing, unknown->id(), ""},
                       {Stale::What::kAttributes, file->id(), ""}}});
  Invalidator invalidator(mount.session, {.news = news.source(), .since = 5, .period = kQuick});
  const auto told = mount.kernel.notifications(6);
  while (news.last_asked() != 7) std::this_thread::yield();
  invalidator.stop();
  ASSERT_EQ(mount.kernel.notifications(6).size(), 6U);
  for (size_t round = 0; round < 6; round += 3) {
    EXPECT_EQ(-told[round].error, FUSE_NOTIFY_INVAL_ENTRY);
    const auto entry = unpacked<fuse_notify_inval_entry_out>(told[round].data);
    EXPECT_EQ(entry.parent, directory->id().value());
    EXPECT_EQ(flags_of(told[round].data), 1U) << "FUSE_EXPIRE_ONLY, as Linux 6.2 calls it";
    EXPECT_EQ(told[round].data.substr(sizeof entry, entry.namelen), "new.jpg");
    EXPECT_EQ(-told[round + 1].error, FUSE_NOTIFY_INVAL_INODE);
    const auto listing = unpacked<fuse_notify_inval_inode_out>(told[round + 1].data);
    EXPECT_EQ(listing.ino, directory->id().value());
    EXPECT_EQ(listing.off, 0);
    const auto attributes = unpacked<fuse_notify_inval_inode_out>(told[round + 2].data);
    EXPECT_EQ(attributes.ino, file->id().value());
    EXPECT_LT(attributes.off, 0);
  }
}

TEST(Invalidator, EverythingDropsTheTopNamesAndEveryKnownListing) {
  FakeMount mount;
  const auto directory = mount.tree.add_directory(mount.tree.top(), "d");
  mount.tree.add_directory(mount.tree.top(), "e");
  mount.kernel.lookup(1, "d");
  FakeNews news;
  news.tell({.newest = 1, .everything = true, .stale = {}});
  Invalidator invalidator(mount.session, {.news = news.source(), .since = 0, .period = kQuick});
  std::vector<std::string> told;
  for (const auto& notification : mount.kernel.notifications(4)) {
    if (-notification.error == FUSE_NOTIFY_INVAL_ENTRY) {
      const auto entry = unpacked<fuse_notify_inval_entry_out>(notification.data);
      EXPECT_EQ(flags_of(notification.data), 0U) << "all names below are to go with it";
      told.push_back(notification.data.substr(sizeof entry, entry.namelen));
    } else {
      told.push_back(std::to_string(unpacked<fuse_notify_inval_inode_out>(notification.data).ino));
    }
  }
  EXPECT_EQ(std::count(told.begin(), told.end(), "d"), 1);
  EXPECT_EQ(std::count(told.begin(), told.end(), "e"), 1);
  EXPECT_EQ(std::count(told.begin(), told.end(), "1"), 1);
  EXPECT_EQ(std::count(told.begin(), told.end(), std::to_string(directory->id().value())), 1);
}

TEST(Invalidator, AFaultLosesNoNews) {
  FakeMount mount;
  FakeNews news;
  news.fail_once();
  news.tell({.newest = 3, .everything = false, .stale = {{Stale::What::kListing, NodeId::root(), ""}}});
  Invalidator invalidator(mount.session, {.news = news.source(), .since = 2, .period = kQuick});
  EXPECT_EQ(unpacked<fuse_notify_inval_inode_out>(mount.kernel.notifications(1)[0].data).ino, 1U);
}

// Scenario: a busy catalog in the round after a change, and its notification was not repeated.
TEST(Invalidator, AFaultLosesNoRepetition) {
  FakeMount mount;
  FakeNews news;
  news.tell({.newest = 3, .everything = false, .stale = {{Stale::What::kListing, NodeId::root(), ""}}});
  news.fail_once();
  Invalidator invalidator(mount.session, {.news = news.source(), .since = 2, .period = kQuick});
  for (const auto& told : mount.kernel.notifications(2)) {
    EXPECT_EQ(unpacked<fuse_notify_inval_inode_out>(told.data).ino, 1U);
  }
}

// News of many changes comes in parts, all of which are told in one round and once more in the next.
TEST(Invalidator, PartsAreAskedForUntilThereIsNoMore) {
  FakeMount mount;
  std::vector<NodeId> folders;
  for (const char* name : {"a", "b", "c"}) {
    folders.push_back(mount.tree.add_directory(mount.tree.top(), name)->id());
    mount.kernel.lookup(1, name);
  }
  FakeNews news;
  for (size_t i = 0; i < folders.size(); ++i) {
    news.tell({.newest = static_cast<int64_t>(i) + 1,
               .is_part = i + 1 < folders.size(),
               .everything = false,
               .stale = {{Stale::What::kListing, folders[i], ""}}});
  }
  Invalidator invalidator(mount.session, {.news = news.source(), .since = 0, .period = kQuick});
  const auto told = mount.kernel.notifications(6);
  for (size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(unpacked<fuse_notify_inval_inode_out>(told[i].data).ino, folders[i % 3].value());
  }
}

}  // namespace
}  // namespace damfs::test
