// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "catalog/base/digest.h"
#include "catalog/base/file.h"
#include "catalog/store/object_store.h"

namespace damfs {

// A file while it is written: unnamed, in staging/, hashed as its bytes arrive in order. It may begin as an object,
// whose bytes are copied (or shared, where the file system can) when the first of them changes. Not thread-safe.
class StagedFile {
 public:
  explicit StagedFile(ObjectStore& store);
  // Begins as that object.
  StagedFile(ObjectStore& store, const Digest& sha256, UniqueFd object);

  // Goes on with one that was kept.
  StagedFile(ObjectStore& store, ObjectStore::Kept kept);

  uint64_t size() const { return size_; }
  // Its bytes now; another one after a write that made a copy.
  std::shared_ptr<const UniqueFd> bytes() const { return file_; }

  // They throw Error with the errno that the writer is to be told: ENOSPC, EDQUOT, EFBIG, EIO.
  void write(uint64_t offset, std::span<const std::byte> data);
  void truncate(uint64_t size);
  void allocate(int mode, uint64_t offset, uint64_t size);  // fallocate(2)
  // From another file, in the kernel; shares blocks where it can. How many bytes were copied.
  size_t copy_from(int source, uint64_t from, uint64_t to, size_t size);
  // All of it as that object is, at no cost.
  void become(const Digest& sha256, UniqueFd object);

  // Its bytes are an object and on the disk when this returns. `is_catalogued`: see ObjectStore.
  struct Sealed {
    Digest sha256;
    uint64_t size = 0;
  };
  Sealed seal(const std::function<bool(const Digest&)>& is_catalogued);
  // What was written so far is on the disk when this returns.
  void sync();
  // It outlives this process, under that number (ObjectStore::keep_staged).
  void keep(int64_t number);

 private:
  void make_writable();
  void go_on_with_copy();
  void forget_hash() { hashed_ = 0; }
  Digest hash_all();

  ObjectStore& store_;
  std::shared_ptr<const UniqueFd> file_;
  uint64_t size_ = 0;
  bool is_kept_ = false;          // file_ has a name in staging/
  bool was_kept_ = false;         // it had one at some time
  bool is_object_ = false;        // file_ is an object: to be copied before it is written to
  std::optional<Digest> object_;  // which one, where that is known
  Sha256 hash_;
  uint64_t hashed_ = 0;  // bytes that went into hash_
};

}  // namespace damfs
