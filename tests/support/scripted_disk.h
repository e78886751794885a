// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <array>
#include <climits>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/unique_fd.h"

namespace damfs::test {

// The disk as a test scripts it. In the program of the unit tests these calls of the C library come through here,
// whoever makes them, so that the code under test needs no seam for it. As long as one lives, it changes those of its
// own thread; one at a time.
class ScriptedDisk {
 public:
  enum class Call { kRead, kWrite, kFlush, kLink, kRename, kMode, kResize, kFolder, kClone, kCopy };
  static constexpr size_t kCalls = 10;

  ScriptedDisk();
  ~ScriptedDisk();
  ScriptedDisk(const ScriptedDisk&) = delete;
  ScriptedDisk& operator=(const ScriptedDisk&) = delete;
  // Of this thread, or null.
  static ScriptedDisk* current() noexcept;

  // The `nth` of such calls from now on fails, the first is 1; or all from there on.
  void fail(Call call, int nth, int error);
  void fail_from(Call call, int nth, int error);
  // Reads and writes give or take so many bytes at a time.
  void cut_short(size_t bytes) { most_ = bytes; }
  // How many were made since it was said last what is to fail.
  int calls(Call call) const { return rules_[index(call)].made; }

  // The power fails: what was written and not flushed is gone, and so are names in folders that were not flushed.
  // A name that was replaced is gone too, which is worse than what a journal leaves.
  void lose_what_was_not_flushed();

  // For the calls themselves. An errno; 0: it is to be done.
  int begin(Call call) noexcept;
  size_t most() const { return most_; }
  void written(int file);
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
  struct Unflushed {
    Inode inode;
    UniqueFd fd;
    std::string name;  // in that folder; empty: the file itself
  };
  static size_t index(Call call) { return static_cast<size_t>(call); }
  void note(int fd, const std::string& name);

  std::array<Rule, kCalls> rules_{};
  size_t most_ = SIZE_MAX;
  std::vector<Unflushed> unflushed_;
};

}  // namespace damfs::test
