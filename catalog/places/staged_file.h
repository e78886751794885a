// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "catalog/base/digest.h"
#include "catalog/base/file.h"
#include "catalog/places/object_store.h"

namespace damfs {

// A file while it is written. It may begin as an object, whose bytes are copied (or shared, where the file system can)
// when the first of them changes. Not thread-safe. They throw Error with the errno that the writer is to be told:
// ENOSPC, EDQUOT, EFBIG, EIO.
class StagedBytes {
 public:
  virtual ~StagedBytes() = default;
  virtual uint64_t size() const = 0;
  // Its bytes now; another one after a write that made a copy.
  virtual std::shared_ptr<const UniqueFd> bytes() const = 0;
  // Whether the next write takes no longer than the write itself.
  virtual bool is_cheap_to_change() const = 0;

  virtual void write(uint64_t offset, std::span<const std::byte> data) = 0;
  virtual void truncate(uint64_t size) = 0;
  virtual void allocate(int mode, uint64_t offset, uint64_t size) = 0;  // fallocate(2)
  // From another file, in the kernel; shares blocks where it can. How many bytes were copied.
  virtual size_t copy_from(int source, uint64_t from, uint64_t to, size_t size) = 0;
  // Replaces all of it by that object's bytes; copies nothing.
  virtual void become(const Digest& sha256, UniqueFd object) = 0;

  // Its bytes are an object and on the disk when this returns. `is_catalogued`: see ObjectStore.
  struct Sealed {
    Digest sha256;
    uint64_t size = 0;
    uint64_t data_bytes = 0;  // of them, those that are no hole
  };
  virtual Sealed seal(const std::function<bool(const Digest&)>& is_catalogued) = 0;
  // Does ahead what takes long about sealing; good for as long as nothing more is written.
  virtual void prepare() = 0;
  // How many bytes sealing it now would have to hash; and hashes some of them.
  virtual uint64_t left_to_hash() const { return 0; }
  virtual void hash_some(uint64_t most) { (void)most; }
  // What was written so far is on the disk when this returns.
  virtual void sync() = 0;
  // It outlives this process, under that number (ObjectStore::keep_staged).
  virtual void keep(int64_t number) = 0;
};

// On the library's disk: unnamed, in staging/, hashed as its bytes arrive.
class StagedFile final : public StagedBytes {
 public:
  explicit StagedFile(ObjectStore& store);
  // Begins as that object.
  StagedFile(ObjectStore& store, const Digest& sha256, UniqueFd object);
  // Goes on with one that was kept.
  StagedFile(ObjectStore& store, ObjectStore::Kept kept);

  uint64_t size() const override { return size_; }
  std::shared_ptr<const UniqueFd> bytes() const override { return file_; }
  bool is_cheap_to_change() const override;
  void write(uint64_t offset, std::span<const std::byte> data) override;
  void truncate(uint64_t size) override;
  void allocate(int mode, uint64_t offset, uint64_t size) override;
  size_t copy_from(int source, uint64_t from, uint64_t to, size_t size) override;
  void become(const Digest& sha256, UniqueFd object) override;
  Sealed seal(const std::function<bool(const Digest&)>& is_catalogued) override;
  void prepare() override;
  uint64_t left_to_hash() const override;
  void hash_some(uint64_t most) override;
  void sync() override;
  void keep(int64_t number) override;

 private:
  void make_writable();
  void go_on_with_copy();
  void note_written(uint64_t offset, uint64_t end);
  void catch_up(uint64_t end);
  void forget_hash();
  void forget_from(uint64_t offset);
  void drop_ahead_below(uint64_t end);
  void hash_up_to(uint64_t end);
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
  // What was written behind those, by its beginning: network file servers send a file's pieces in almost the order of
  // the file, and those that came early are read back from the page cache.
  std::map<uint64_t, uint64_t> ahead_;
};

}  // namespace damfs
