// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/task_pool.h"
#include "catalog/places/place.h"
#include "catalog/places/range_reader.h"

namespace damfs {

class ObjectStore;

// The bytes of a blob, opened. One of both.
struct OpenedBlob {
  UniqueFd file;  // read-only: all of the bytes, now; the kernel may read it past this process
  RangeReaderRef ranges{};
};

// The one door to the bytes of blobs: asks the places in order. Writing is not its matter (ObjectStore). Thread-safe.
//
// Who can wait for ranges reads them (RangeContent). Who needs a descriptor — a worker, what is written to over a
// version, an export — says so by fetch() or wait_for(): what no place has as one is fetched whole into a file without
// a name in staging/, proved by its SHA-256, and given out read-only. It is not kept: a place that keeps what was
// fetched from afar gives it as a descriptor the next time. What is compared only to learn something (ingest/copies.h)
// is not fetched.
class Places {
 public:
  struct Parts {
    std::vector<std::unique_ptr<Place>> places;  // nearest first
    std::function<UniqueFd()> stage;             // a new, empty file for what is fetched
    std::chrono::milliseconds patience{30'000};  // with a place, for each range
    uint64_t most_fetched = uint64_t{64} << 30;  // bytes of one blob; a larger one is EFBIG
  };
  explicit Places(Parts parts);
  // Of a library: those of places_of().
  explicit Places(const ObjectStore& store);
  ~Places();
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // Whether some place has them, `size` bytes long, as far as is known.
  bool has(const Digest& sha256, int64_t size) const;

  // Now. Empty: no place has them. Throws Error when that cannot be said, for one is away (law 12).
  std::optional<OpenedBlob> open(const Digest& sha256);

  // For who needs a descriptor of what open() gave as ranges. One of both is called, once, with no lock held, on a
  // thread of this class or, where there is nothing to wait for, on this one; what `then` throws is told to `failed`.
  // Fetched once for all who ask at the same time, four blobs at once.
  using Then = std::function<void(UniqueFd file)>;
  using Failed = std::function<void(const std::string& reason)>;
  void fetch(const Digest& sha256, Then then, Failed failed);
  // The same for a thread that may wait. Empty: no place has them; Error(EIO): they cannot be had, or not within
  // `most`.
  std::optional<UniqueFd> wait_for(const Digest& sha256, std::optional<std::chrono::milliseconds> most = {});

  // All reads of ranges fail, and what is being fetched; what is asked for later, too. Returns when nobody is told of
  // anything any more. To be called while what those who wait stand on is still there.
  void end();

 private:
  struct Waiter {
    Then then;
    Failed failed;
  };
  RangeReaderRef reader_of(const Place& place, const Digest& sha256, std::shared_ptr<Ranges> ranges);
  void fetch_now(const Digest& sha256);
  UniqueFd find_or_copy(const Digest& sha256);
  UniqueFd copy(const Place& place, const Digest& sha256, RangeReader& ranges);
  bool is_ending() const;

  const Parts parts_;
  RangeWatch watch_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable none_left_;
  std::map<Digest, std::vector<Waiter>> fetches_;
  size_t under_way_ = 0;  // of those, and of those whose waiters are being told
  bool ending_ = false;
  TaskPool pool_;  // last: its tasks use all the others
};

// Where a library's bytes are: in its own objects/, and nowhere else yet.
Places::Parts places_of(const ObjectStore& store);

}  // namespace damfs
