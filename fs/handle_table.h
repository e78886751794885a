// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "fs/passthrough.h"
#include "views/frame/node.h"

namespace damfs {

// A file that somebody has open.
struct OpenFile {
  explicit OpenFile(ContentRef opened) : content(std::move(opened)) {}

  const ContentRef content;
  ReadWayRef way;                         // set before the handle is shared; null: this mount has no passthrough
  std::atomic<uint64_t> read_up_to{0};    // where a sequential reader comes next
  std::atomic<uint64_t> hinted_up_to{0};  // what the disk was asked to have ready
};
using OpenFileRef = std::shared_ptr<OpenFile>;

// What the kernel has open, by the number it was given. Numbers are never used twice, so a wrong or repeated
// release finds nothing instead of somebody else's handle. Thread-safe.
template <typename Handle>
class HandleTable {
 public:
  uint64_t add(std::shared_ptr<Handle> handle) {
    const std::lock_guard lock(mutex_);
    handles_.emplace(++last_, std::move(handle));
    return last_;
  }

  // Null: there is no such handle.
  std::shared_ptr<Handle> find(uint64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto found = handles_.find(number);
    return found == handles_.end() ? nullptr : found->second;
  }

  // Null: there was no such handle.
  std::shared_ptr<Handle> remove(uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = handles_.find(number);
    if (found == handles_.end()) return nullptr;
    auto handle = std::move(found->second);
    handles_.erase(found);
    return handle;
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return handles_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<Handle>> handles_;
  uint64_t last_ = 0;
};

}  // namespace damfs
