// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "catalog/base/file.h"
#include "views/frame/node_id.h"

namespace damfs {

// Open windows are to see what is changed behind the kernel's back: by command, through another mount, or in another
// view. The kernel tells its watchers (inotify) only of what programs do on the mount, and FUSE knows no message for
// the rest. So a process of the mount's own does it as any program would: it makes the name that came, or removes the
// one that went, and whoever serves the mount answers that process as if it had been done. A process, because a thread
// of this one that waits for the mount could keep it from ending. Thread-safe.
class Announcer {
 public:
  struct Item {
    enum class Change : uint8_t { kCame, kWent, kTouched };  // kTouched: too many names; the folder itself is told of
    NodeId directory;
    std::string path;  // of that, below the mountpoint
    std::string name;
    Change change = Change::kCame;
    mode_t type = 0;  // kCame: S_IFREG, S_IFDIR or S_IFLNK
  };

  // Starts the process; call it before there are threads, and descriptors that it would hold open. Where there can be
  // none, nothing is announced.
  explicit Announcer(Path mountpoint);
  ~Announcer();
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;

  // The mount answers, and is that device: nothing is done on any other, whatever is mounted over it meanwhile, and
  // whoever puts a symbolic link in a folder's place. Before, nothing is announced.
  void begin(dev_t device) { device_ = device; }
  // Nothing is announced any more, and the process is gone from the mount when this returns.
  void end();
  // Returns at once. What comes faster than it can be told is told of its folders.
  void announce(std::vector<Item> items);

  // Whether a request is that process's. Then nothing is to be done for it but to answer.
  bool is_it(pid_t asker) const { return asker > 0 && asker == process_; }
  // What it is telling at the moment, when that is of this name in this folder.
  std::optional<Item> telling(NodeId directory, std::string_view name) const;

 private:
  static constexpr size_t kMostWaiting = 1024;

  void tell_all();
  bool tell(const Item& item);

  const Path mountpoint_;
  std::atomic<pid_t> process_{-1};
  std::atomic<dev_t> device_{0};
  UniqueFd socket_;
  mutable std::mutex mutex_;
  std::condition_variable has_more_;
  std::deque<Item> waiting_;
  std::optional<Item> current_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace damfs
