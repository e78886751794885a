// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/unique_fd.h"

namespace damfs::test {

// The disk as a test scripts it. In the program of the unit tests these calls of the C library come through here,
// whoever makes them (SQLite too), so that the code under test needs no seam for it. As long as one lives, it changes
// those of its own thread, or of all threads; one at a time. Meanwhile nothing is flushed in truth: what was is
// remembered, so that the rest can be lost.
class ScriptedDisk {
 public:
  enum class Call { kRead, kWrite, kFlush, kLink, kRename, kMode, kResize, kFolder, kClone, kCopy, kRemove, kOpen };
  static constexpr size_t kCalls = 12;
  enum class Threads { kOwn, kAll };

  explicit ScriptedDisk(Threads whose = Threads::kOwn);
  ~ScriptedDisk();  // nobody else is using it any more
  ScriptedDisk(const ScriptedDisk&) = delete;
  ScriptedDisk& operator=(const ScriptedDisk&) = delete;
  // Of this thread, or null.
  static ScriptedDisk* current() noexcept;

  // The `nth` of such calls from now on fails, the first is 1; or all from there on.
  void fail(Call call, int nth, int error);
  void fail_from(Call call, int nth, int error);
  // The power fails at the `nth` of the calls from now on that change anything or flush: it and all that follow do
  // nothing, and say EIO.
  void cut_power_at(int nth);
  // Reads and writes give or take so many bytes at a time.
  void cut_short(size_t bytes) { most_ = bytes; }
  // Nothing fails any more, and calls are counted from here.
  void be_well();
  // How many were made since it was said last what is to fail.
  int calls(Call call) const;
  int changes() const;  // as cut_power_at counts them

  // What the power's failing leaves: what was written and not flushed is gone, and so are names in folders that were
  // not flushed. 0: all of it; else a part of it, another one for each number, in whatever order it was written.
  // A name that was replaced is gone too, which is worse than what a journal leaves.
  void lose_what_was_not_flushed(unsigned which = 0);

  // For the calls themselves. An errno; 0: it is to be done.
  int begin(Call call) noexcept;
  size_t most() const { return most_; }
  // Around a change of a file's bytes in a stretch, or of its size.
  struct Stretch {
    int fd = -1;
    uint64_t offset = 0, bytes = 0;
  };
  void changes(const Stretch& stretch);
  void changed(const Stretch& stretch, bool is_done);
  void named(int folder, const char* name);
  void flushed(int file);
  void flushed_all();

 private:
  struct Rule {
    int made = 0;
    int from = INT_MAX, to = INT_MAX;
    int error = 0;
  };
  using Inode = std::pair<dev_t, ino_t>;
  struct State {
    std::string bytes;  // of the stretch
    uint64_t size = 0;  // of the file
  };
  struct Change {
    Inode inode;
    uint64_t offset = 0;
    State before, after;
  };
  struct Name {
    Inode folder;
    std::string name;
  };
  static size_t index(Call call) { return static_cast<size_t>(call); }
  bool remember(int fd, Inode& inode);
  void put(const Change& change, const State& state);

  const Threads whose_;
  mutable std::mutex mutex_;
  std::array<Rule, kCalls> rules_{};
  int changes_made_ = 0;
  int power_ends_at_ = INT_MAX;
  size_t most_ = SIZE_MAX;
  std::map<Inode, UniqueFd> open_;  // until the end: closing one would take SQLite's locks on that file
  std::map<std::pair<int, uint64_t>, Change> under_way_;
  std::deque<Change> unflushed_;
  std::vector<Name> names_;
};

}  // namespace damfs::test
