// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/digest.h"
#include "catalog/base/folder.h"

namespace damfs {

// Immutable bytes under objects/ab/cd/<sha256>, mode 0444. Writing one is a transaction: an unnamed file in
// staging/, hashed while it is written, linked into place when its size is right. Nothing is on the disk for
// certain until sync() has returned; the catalog may name an object only after that. Thread-safe.
class ObjectStore {
 public:
  ObjectStore(Folder objects, Folder staging);

  struct Ingested {
    Digest sha256;
    int64_t size = 0;
    bool added = false;      // false: the object was there already
    int64_t data_bytes = 0;  // of them, those that are no hole
    UniqueFd object;         // open for reading
  };
  struct Hooks {
    std::function<bool()> stop;                        // asked between blocks; true: ECANCELED
    std::function<void(int64_t)> on_bytes;             // so many more were read
    std::function<bool(const Digest&)> is_catalogued;  // an object that is, has been on the disk for certain
  };
  // Reads `source` from its beginning to its end, once, and stores it; its holes stay holes. EAGAIN when it changed
  // while it was read. An object that lies there already stays when it is catalogued and proves to be whole; else the
  // copy that was just hashed replaces it.
  Ingested ingest(int source, const Path& source_path, const Hooks& hooks);

  // A new file to write to that nothing names yet.
  UniqueFd stage_unnamed() const;
  // Gives such a file the name staging/draft-<number>, which outlives this process; it is locked (flock) as long as
  // `staged` is open. open_kept opens it again; empty when there is none, or another process still has it locked at
  // `until`.
  void keep_staged(int staged, int64_t number) const;
  // The names that files are kept by are on the disk when it returns.
  void flush_kept_names() const;
  struct Kept {
    UniqueFd fd;             // for writing too, unless:
    bool is_object = false;  // it was adopted, and is not to be written to
  };
  std::optional<Kept> open_kept(int64_t number, std::chrono::steady_clock::time_point until = {}) const;
  void forget_kept(int64_t number) const;
  // Removes all others that a crash left.
  void forget_all_kept_but(const std::vector<int64_t>& numbers) const;
  // Makes such a file, whose hash is `sha256`, an object, and opens that for reading. It is on the disk when this
  // returns. `catalogued`: the catalog names that object, so an existing one has been flushed before.
  UniqueFd adopt(int staged, const Digest& sha256, int64_t size, bool catalogued);

  // The object of an empty file, on the disk when this returns.
  void keep_empty();

  // Everything ingested before this call is on the disk when it returns.
  void sync();

  // Whether the object is there and has the bytes of its name. It is read for that once; then its inode and ctime prove
  // it for the life of this object store.
  bool is_whole(const Digest& sha256);

  // The same, read anew whatever was proved before: what is wrong with it, in words, and the very file that it was
  // found of. A disk that does not give it back is a flaw too.
  struct Flaw {
    std::string reason;
    uint64_t inode = 0;  // 0: there was none
    int64_t ctime_ns = 0;
  };
  std::optional<Flaw> find_flaw(const Digest& sha256);
  // Whether that very file is there still.
  bool is_still(const Digest& sha256, const Flaw& flaw) const;

  // Whether a file of that size is there; its bytes are not looked at.
  bool is_there(const Digest& sha256, int64_t size) const;

  // Called when adopt() has put an object on the disk that was not there, or was another. Set it before the first one.
  void on_added(std::function<void(const Digest&)> call) { on_added_ = std::move(call); }

  // Empty when the object is missing, or something else has its name.
  std::optional<int64_t> size_of(const Digest& sha256) const;
  Path path_of(const Digest& sha256) const;  // for messages

  struct Found {
    Digest sha256;
    int64_t bytes = 0;
  };
  // Every file in objects/ that stands in the place of its name. Anything else there is left alone.
  void each(const std::function<void(const Found&)>& visit) const;

  // Moves an object that nothing names from objects/ to staging/grave-<sha256>, which remove_leftovers() deletes. Call
  // it only with the objects lock held alone.
  void bury(const Digest& sha256) const;

  // Removes what processes that were killed left in staging/, but for what was kept by name: files that are called as
  // this class calls them and that no living process has a lock on.
  int remove_leftovers();

 private:
  // Objects are opened through Places alone. For reading; empty as for size_of().
  friend class StorePlace;
  std::optional<UniqueFd> open(const Digest& sha256) const;

  struct Staged {
    UniqueFd fd;
    std::string name;  // in staging/; empty: unnamed
  };
  Staged stage() const;
  Staged stage_named() const;
  std::string new_name() const;
  bool remove_if_left_over(const std::string& name) const;
  void replace(const Staged& staged, const Digest& sha256);
  bool link_into_place(const Staged& staged, const Digest& sha256, int64_t size, bool catalogued);
  bool is_as_good(const Digest& sha256, int64_t size, const struct stat& there);

  struct Proof {
    uint64_t inode = 0;
    int64_t ctime_ns = 0;
    bool operator==(const Proof&) const = default;
  };
  static constexpr size_t kMostProofs = 1 << 16;  // beyond it all are forgotten

  const Folder objects_;
  const Folder staging_;
  mutable std::atomic<uint64_t> next_name_{0};
  mutable std::atomic<bool> unnamed_works_{true};
  std::atomic<bool> clone_works_{true};
  std::function<void(const Digest&)> on_added_;
  std::mutex proofs_mutex_;  // guards the map alone; never held while an object is read
  std::map<Digest, Proof> proofs_;
};

}  // namespace damfs
