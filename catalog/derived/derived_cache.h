// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "catalog/base/folder.h"
#include "catalog/derived/derived_index.h"
#include "catalog/derived/derived_key.h"
#include "catalog/derived/sparse_file.h"

namespace damfs {

// Derived files on disk, below derived/, with an index of their own beside them: what was used when, and what
// failed and why. Everything in it can be made again: any of it, the index too, may be deleted at any time,
// even while it is in use. Bounded by bytes, least recently used first out. Several processes may share one.
// Thread-safe.
class DerivedCache {
 public:
  DerivedCache(FileIn folder, int64_t max_bytes);
  ~DerivedCache();
  DerivedCache(const DerivedCache&) = delete;
  DerivedCache& operator=(const DerivedCache&) = delete;

  std::optional<UniqueFd> open(const DerivedKey& key);  // empty: not there
  UniqueFd stage();                                     // an unnamed file to write one into
  void sync();                                          // every staged file's bytes are on the disk when it returns
  // Gives a staged file, whose bytes are on the disk, its name; where there is one already, that one stays. The
  // descriptor stays the caller's.
  void insert(const DerivedKey& key, int staged);

  // Removes the file and what is remembered of its failure; whoever has it open keeps it.
  void remove(const DerivedKey& key);
  void remove_all_of(const Digest& source);

  // The file that is made piece by piece; made, with `head` as its first bytes, when it is not there or not of that
  // layout. What is put into it is on the disk a few seconds later, or when the cache ends. Files nobody has open are
  // evicted first and whole; if that is not enough, pieces of open ones, the least recently used first.
  SparseFileRef open_sparse(const DerivedKey& key, const SparseLayout& layout, std::span<const std::byte> head);

  struct Failure {
    DerivedKey key;
    std::string reason;
    int64_t at_ns = 0;
  };
  std::vector<Failure> failures();  // the newest first
  void remember_failure(const DerivedKey& key, const std::string& reason);
  std::optional<std::string> failure(const DerivedKey& key);
  void forget_failure(const DerivedKey& key);

  // A note about one that is there.
  void set_note(const DerivedKey& key, const std::optional<std::string>& text);  // empty: nothing
  std::optional<std::string> note(const DerivedKey& key);

  int64_t bytes() const;  // on disk, holes not counted

 private:
  // A sparse file that somebody has open, or had until a moment ago.
  struct OpenSparse {
    std::string key;
    Path name;  // as name_of
    SparseFileRef file;
    std::atomic<bool> has_name{false};  // not at first, so that no power cut leaves half a head under it
    std::mutex saving;
  };
  using OpenSparseRef = std::shared_ptr<OpenSparse>;

  Path name_of(const DerivedKey& key) const;  // in folder_.folder
  bool give_name(int staged, const Path& name) const;
  void keep_within_bound(int64_t target);
  int64_t evict_pieces(int64_t target);  // how many
  void make_room();
  void has_grown(bool nothing_missing);
  OpenSparseRef make_open_sparse(const DerivedKey& key, const SparseLayout& layout, std::span<const std::byte> head);
  SparseFileRef try_open_sparse(const DerivedKey& key, const SparseLayout& layout, std::span<const std::byte> head);
  bool leads_to_its_name(const OpenSparse& sparse) const;
  std::vector<OpenSparseRef> all_open_sparse() const;
  int64_t growth() const;
  bool is_settled(const OpenSparse& sparse) const;
  void save(OpenSparse& sparse);
  void save_all();
  void run_saver();

  const FileIn folder_;  // beneath the library's, for it may be deleted and made again
  const int64_t max_bytes_;
  DerivedIndex index_;
  std::mutex evicting_;                    // taken before all others
  std::atomic<bool> nothing_left_{false};  // all that is left is in use; tried again later

  mutable std::mutex sparse_mutex_;
  std::map<std::string, OpenSparseRef> open_sparse_;
  std::condition_variable saver_wake_;
  bool save_now_ = false;
  bool ending_ = false;
  std::thread saver_;  // started when there is something for it
};

}  // namespace damfs
