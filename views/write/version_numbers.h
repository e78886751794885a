// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

namespace damfs {

class Catalog;
class TaskPool;

// Numbers for versions to come, fetched from the catalog by the hundred and ahead of need, so that making a file does
// not wait for the disk. Thread-safe.
class VersionNumbers {
 public:
  VersionNumbers(Catalog& catalog, TaskPool& pool) : catalog_(catalog), pool_(pool) {}
  int64_t next();  // waits for the catalog where none is left; throws Error

 private:
  struct Range {
    int64_t next = 0, end = 0;
    int64_t left() const { return end - next; }
  };
  Range reserve();
  std::optional<int64_t> take();  // empty: none is left
  void reserve_ahead();

  Catalog& catalog_;
  TaskPool& pool_;
  std::mutex fetching_;  // comes before mutex_
  std::mutex mutex_;
  Range range_, spare_;
  bool is_reserving_ = false;
};

}  // namespace damfs
