// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "catalog/base/digest.h"
#include "catalog/base/file.h"

namespace damfs {

// What a derived file is a pure function of.
struct DerivedKey {
  Digest source;
  std::string profile;       // [a-z0-9-]+
  int recipe = 0;            // version of the recipe
  std::string text() const;  // unique, fit for a file name
  friend bool operator==(const DerivedKey&, const DerivedKey&) = default;
};

// Derived files on disk, below derived/, with an index of their own beside them: what was used when, and what
// failed and why. Everything in it can be made again: any of it, the index too, may be deleted at any time,
// even while it is in use. Bounded by bytes, least recently used first out. Several processes may share one.
// Thread-safe.
class DerivedCache {
 public:
  DerivedCache(Path folder, int64_t max_bytes);
  ~DerivedCache();
  DerivedCache(const DerivedCache&) = delete;
  DerivedCache& operator=(const DerivedCache&) = delete;

  std::optional<UniqueFd> open(const DerivedKey& key);  // empty: not there
  UniqueFd stage();                                     // an unnamed file to write one into
  void sync();                                          // every staged file's bytes are on the disk when it returns
  // Gives a staged file, whose bytes are on the disk, its place; one that is there already wins. The descriptor stays
  // the caller's.
  void insert(const DerivedKey& key, int staged);

  void remember_failure(const DerivedKey& key, const std::string& reason);
  std::optional<std::string> failure(const DerivedKey& key);
  void forget_failure(const DerivedKey& key);

  int64_t bytes() const;  // on disk, holes not counted

 private:
  class Index;
  Path path_of(const DerivedKey& key) const;
  void evict();

  const Path folder_;
  const int64_t max_bytes_;
  std::unique_ptr<Index> index_;
};

}  // namespace damfs
