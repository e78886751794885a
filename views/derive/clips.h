// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/model/rows.h"
#include "views/derive/clip_layout.h"
#include "views/derive/keeper.h"
#include "views/derive/piece_session.h"

namespace damfs {

class Catalog;
class Places;

// Editing proxies, made piece by piece as they are read. Whatever is read together with others is made once; who
// reads one behind the other finds the next ones made ahead. Thread-safe. Outlives every Content it gave out, and is
// destroyed after the pool has ended its jobs.
class Clips {
 public:
  struct Parts {
    Catalog& catalog;
    Places& places;
    DerivedCache& cache;
    WorkerPool& workers;
    int64_t deadline_ms = 30'000;
  };
  explicit Clips(Parts parts);
  ~Clips();
  Clips(const Clips&) = delete;
  Clips& operator=(const Clips&) = delete;

  // Starts the making of its first frame. Throws Error(EIO) with the reason when it is known to fail, ENOENT when the
  // version is gone or has no proxy.
  ContentRef open(int64_t version, const ClipProfile& profile, uint64_t reader);

  // Why it failed, if it did; looks, never works.
  std::optional<std::string> failure(int64_t version, const ClipProfile& profile);
  // Removes it from the cache; it is made again when it is read next.
  void drop(int64_t version, const ClipProfile& profile);

  // Makes all of one ahead of time; returns what stops it. A file that is complete is done at once. Waits for a source
  // that is fetched.
  std::shared_ptr<PieceSession> warm(int64_t version, const ClipProfile& profile, bool retry,
                                     PieceSession::Progress progress, PieceSession::Done done);

  const PieceSession::Counters& counters() const { return counters_; }

 private:
  using SessionRef = std::shared_ptr<PieceSession>;

  ClipRow clip_of(int64_t version);
  SessionRef find_session(const std::string& name);  // null: nobody has it open
  SessionRef make_session(int64_t version, const ClipProfile& profile, const ClipRow& clip, UniqueFd object);
  static ContentRef content_of(SessionRef session, const ClipRow& clip, uint64_t reader);
  void find_index(const SessionRef& session, const ClipFacts& facts, const ClipRow& clip, int source_fd);

  Parts parts_;
  PieceSession::Counters counters_;
  std::mutex mutex_;  // never held across I/O
  std::unordered_map<std::string, std::weak_ptr<PieceSession>> sessions_;
  Keeper keeper_;  // last: what it keeps at the end still touches the others
};

}  // namespace damfs
