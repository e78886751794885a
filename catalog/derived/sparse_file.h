// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "catalog/derived/sparse_layout.h"

namespace damfs {

// A derived file of which only some units exist. One object a file and process, shared by all who have it open; two
// processes may fill one file, for equal units have equal bytes. Thread-safe. Ends before the cache it is of.
//
// On disk: the file's own bytes, holes where units are missing, and behind them, while any is missing, a map of the
// units whose bytes are known to be on the disk. So neither can be lost without the other, and a file without
// anything behind its bytes is complete. The map says less than is there, never more: a unit is entered after its
// bytes were synced, and struck out, with a sync, before they are freed.
//
// Every process that has it open holds a shared lock on it. Only who can make that lock his own may free units, for
// nobody else would learn of it.
class SparseFile : public std::enable_shared_from_this<SparseFile> {
 public:
  // What the cache is told; on the thread that calls put, with no lock held. They throw nothing.
  struct Hooks {
    std::function<void(bool nothing_missing)> grown;
    std::function<void()> disk_full;  // free something: it is tried once more
  };

  // A new one in an empty file.
  static std::shared_ptr<SparseFile> create(UniqueFd empty, SparseLayout layout, std::span<const std::byte> head,
                                            Hooks hooks);
  // Null: the file is not one of that layout. Error(EBUSY): somebody keeps it locked.
  static std::shared_ptr<SparseFile> open(UniqueFd fd, SparseLayout layout, Hooks hooks);
  SparseFile(const SparseFile&) = delete;
  SparseFile& operator=(const SparseFile&) = delete;

  int fd() const { return fd_.get(); }  // read at the layout's offsets; only present and pinned units may be read
  const SparseLayout& layout() const { return layout_; }
  bool has(int64_t unit) const;
  bool is_complete() const { return complete_; }  // and will stay so while this lives: never evicted in part any more

  // Takes a unit's bytes from `from` at `offset`; it is present from then on. It is entered in the map on disk later,
  // in the background. Throws Error(ENOSPC) when there is no room for it: it stays missing, and whoever waits for it is
  // to be served from `from`.
  void put(int64_t unit, int from, uint64_t offset);

  // Present units [first, first + count) are not evicted while the pin lives. Empty: some are missing.
  using Pin = std::shared_ptr<const void>;
  Pin pin(int64_t first, int64_t count);

  // The rest is for DerivedCache.

  // Enters what was put into the map, or, when nothing is missing any more, takes the map away. One sync however many
  // units. False: somebody else has the map locked, and it is to be tried later. Throws Error, and then what was not
  // entered is missing again, for nobody knows what the disk holds.
  bool flush();
  bool needs_flush() const;
  std::atomic<int64_t>& growth() { return growth_; }  // bytes put since somebody reset it

  // Units that may be evicted together.
  struct Piece {
    size_t group = 0;
    int64_t used_ns = 0;
    int64_t bytes = 0;
  };
  std::vector<Piece> evictable() const;
  // Frees those that are still evictable; returns how many they were.
  int64_t evict(std::span<const Piece> pieces);

 private:
  using Bits = std::vector<uint8_t>;
  SparseFile(UniqueFd fd, SparseLayout layout, Hooks hooks);

  bool load();  // reads the state of the file on disk; false: it has another layout
  void share();
  bool read_map(Bits& bits) const;
  void write_map(const Bits& bits) const;
  uint64_t map_offset() const;
  uint64_t size_with_map() const;
  void copy(const SparseLayout::Place& place, int from, uint64_t offset) const;
  void copy_or_make_room(const SparseLayout::Place& place, int from, uint64_t offset) const;
  void unpin(size_t first_group, size_t last_group);
  void finish_if_complete(const Bits& on_disk);
  std::vector<size_t> claim(std::span<const Piece> pieces, Bits& left);
  bool all_set(const Bits& bits) const;

  const UniqueFd fd_;
  const SparseLayout layout_;
  const int64_t units_;
  const Hooks hooks_;
  std::atomic<bool> complete_{false};
  std::atomic<int64_t> growth_{0};

  std::mutex map_mutex_;  // the map on disk; held across its I/O, taken before mutex_, never by readers
  Bits saved_;            // what the map on disk says; guarded by map_mutex_
  bool has_map_ = false;  // guarded by map_mutex_

  mutable std::mutex mutex_;  // never held across I/O
  std::condition_variable settled_;
  Bits present_;
  int64_t missing_;
  bool dirty_ = true;
  UnitGroups groups_;
};
using SparseFileRef = std::shared_ptr<SparseFile>;

}  // namespace damfs
