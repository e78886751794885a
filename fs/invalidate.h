// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "fs/session.h"
#include "views/frame/tree.h"

namespace damfs {

// What changed after `since`; asked several times a second.
using NewsSource = std::function<Tree::News(int64_t since, const std::function<bool(NodeId)>& is_known)>;

// Watches the catalog's feed of changes, whoever made them, and invalidates what the kernel has cached. On a thread of
// its own: the kernel may hold a directory's lock for a request that is yet to be answered, and a notification needs
// that lock.
class Invalidator {
 public:
  struct Options {
    NewsSource news;
    int64_t since = 0;  // the newest change known before the session answered anything
    std::chrono::milliseconds period{250};
  };

  // The session must be serving (or about to) until this is stopped: a request that is never answered would block the
  // notification for ever.
  Invalidator(Session& session, Options options);
  ~Invalidator() { stop(); }
  Invalidator(const Invalidator&) = delete;
  Invalidator& operator=(const Invalidator&) = delete;

  void stop();
  void wake(Session::News news);  // something was changed

 private:
  void watch();
  void poll();
  void repeat_last_round();
  void remember(std::vector<Stale> stale);
  void invalidate(const Stale& stale);
  void invalidate_everything();
  void announce(const std::vector<Stale>& stale);

  Session& session_;
  const Options options_;
  int64_t newest_;
  std::vector<Stale> last_round_;  // invalidated in the last round, and once more in the next
  bool forget_all_next_ = false;   // they were too many to remember
  std::mutex mutex_;
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  bool awake_ = false;
  bool is_awaited_ = false;
  std::thread thread_;
};

}  // namespace damfs
