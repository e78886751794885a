// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/base/digest.h"
#include "catalog/model/packs.h"
#include "views/derive/piece_session.h"
#include "views/derive/rendition.h"

namespace damfs {

class Catalog;
class Places;

// Files inside archives, read in place. What is stored is read from the archive itself. What is compressed is unpacked
// by workers: small files whole, larger ones piece by piece as they are read, from the nearest checkpoint of the
// archive's index on, and kept in the cache. An archive within an archive that is not stored there is unpacked as a
// whole before what is in it can be read. Thread-safe. Outlives every Content it gave out, and is destroyed after the
// pool has ended its jobs.
class Members {
 public:
  struct Parts {
    Catalog& catalog;
    Places& places;
    DerivedCache& cache;
    WorkerPool& workers;
    int64_t deadline_ms = 30'000;
  };
  explicit Members(Parts parts) : parts_(parts) {}
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  // Throws Error(EIO) with the reason when it is known that it cannot be read, ESTALE when its archive is gone.
  ContentRef open(const MemberRow& member, uint64_t reader);

  // Why it cannot be read, as far as it is known; looks, never works.
  std::optional<std::string> failure(const MemberRow& member);

  // The file that holds a member's bytes, for a worker that is to find them there. One of both is called, now or later
  // on a thread of the workers or of the places; throws what keeps it from beginning.
  struct File {
    std::shared_ptr<const UniqueFd> fd;
    std::shared_ptr<const void> kept;  // must live as long as it is read
    MemberRequest request;
  };
  using Failed = std::function<void(const std::string& reason)>;
  void with_file(const MemberRow& member, const std::function<void(File)>& then, const Failed& failed);

  const PieceSession::Counters& counters() const { return counters_; }

 private:
  class StoredContent;
  class SmallContent;
  using SessionRef = std::shared_ptr<PieceSession>;

  // The file that holds a member's bytes: its archive, or an archive within that, unpacked.
  struct Source {
    std::shared_ptr<const UniqueFd> fd;
    std::shared_ptr<const void> kept;  // what must live as long as it is read
    Digest archive;
    int64_t indexed_size = 0;    // of the archive, bytes
    int64_t archive_offset = 0;  // in the file: the innermost archive around the member
    int64_t archive_size = 0;
  };
  using Then = std::function<void(const Source&)>;

  static MemberRequest request_of(const MemberRow& member, const Source& source);
  Digest archive_of(const MemberRow& member);
  static Source source_of(const Digest& archive, UniqueFd object);
  std::optional<MemberRow> row_of(int64_t blob, int64_t number);
  std::optional<MemberRow> holder_of(const MemberRow& member);
  void find_range(const MemberRow& member, Source& source);
  void with_source(const MemberRow& member, const Then& then, const Failed& failed);
  void with_holder(const MemberRow& holder, const Source& around, const Then& then, const Failed& failed);
  void unpack_holder(const std::string& name, const SessionRef& session, const Source& around, int attempts_left);
  void settle_holder(const std::string& name, const SessionRef& session, const Source& around,
                     const std::string& reason);
  ContentRef content_of(const MemberRow& member, const DerivedKey& key, const Source& source, uint64_t reader);
  SessionRef session_of(const MemberRow& member, const DerivedKey& key, const Source& source);
  RenditionRef small_one(const MemberRow& member, const DerivedKey& key, const Source& source, uint64_t reader);
  void find_index(const SessionRef& session, const Source& source);
  void hand_out_index(const Digest& archive, int index);

  Parts parts_;
  PieceSession::Counters counters_;
  std::mutex mutex_;  // never held across I/O
  std::unordered_map<std::string, std::weak_ptr<PieceSession>> sessions_;
  std::unordered_map<std::string, std::weak_ptr<Rendition>> small_;
  // Of archives within archives that are being unpacked: who waits for them.
  std::unordered_map<std::string, std::vector<std::pair<Then, Failed>>> holders_;
  std::map<Digest, std::vector<std::weak_ptr<PieceSession>>> awaiting_index_;  // of archives whose index is being made
};

}  // namespace damfs
