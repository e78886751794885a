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
#include "views/tree.h"

namespace damfs {

// What changed after `since`; asked several times a second.
using NewsSource = std::function<Tree::News(int64_t since, const std::function<bool(NodeId)>& is_known)>;

// Watches the catalog's changes, whoever made them, and takes back what the kernel was told before. A thread of
// its own, because the kernel may want an answer to a request before it takes news of the same directory.
class Invalidator {
 public:
  struct Options {
    NewsSource news;
    int64_t since = 0;  // the newest change known before the session answered anything
    std::chrono::milliseconds period{250};
  };

  // The session must be serving (or about to) until this is stopped: a request that is never answered would
  // keep the kernel from taking the news, for ever.
  Invalidator(Session& session, Options options);
  ~Invalidator() { stop(); }
  Invalidator(const Invalidator&) = delete;
  Invalidator& operator=(const Invalidator&) = delete;

  void stop();
  void wake(Session::News news);  // there are some

 private:
  void watch();
  void poll();
  void tell(const Stale& stale);
  void tell_everything();
  void announce(const std::vector<Stale>& stale);

  Session& session_;
  const Options options_;
  int64_t newest_;
  std::vector<Stale> told_;  // last time
  std::mutex mutex_;
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  bool awake_ = false;
  bool is_awaited_ = false;
  std::thread thread_;
};

}  // namespace damfs
