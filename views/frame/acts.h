// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/base/now.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"
#include "views/frame/doing.h"
#include "views/frame/node.h"

namespace damfs {

// Entries that the kernel has right from the reply to the change itself. They are not invalidated, or a program could
// find itself in a folder that has no name any more.
using KnownNames = std::vector<std::pair<NodeId, std::string>>;

// What is done to the tree through one mount: writes it to the catalog, gathers what one program does of one kind,
// without two seconds of rest between an answer and its next request, into one act of the journal, and remembers which
// changes of the feed are this mount's own. Thread-safe.
class Acts {
 public:
  explicit Acts(Catalog& catalog) : catalog_(catalog) {}

  enum class Room : uint8_t { kTaken, kFreed };  // see WriteRequest::frees_room
  // `work` may add to `known` while it writes, and tell `doing` which asset it is about.
  using Work = std::function<void(Writer&, KnownNames& known)>;
  void write(const Actor& actor, Doing& doing, Durability durability, const Work& work, Room room = Room::kTaken);
  void write(const Actor& actor, Doing&& doing, Durability durability, const Work& work, Room room = Room::kTaken) {
    write(actor, doing, durability, work, room);
  }

  // Whether that program made that file, at most a minute ago: then its removal needs neither trash nor journal.
  bool is_short_lived(const Actor& actor, int64_t asset) const;
  // Removes such a file; the journal says neither that it came nor that it went. `work`: true when it did.
  bool remove_short_lived(const Actor& actor, int64_t asset,
                          const std::function<bool(Writer&, KnownNames& known)>& work);

  // Whether the change is this mount's own and its kernel knows of that name.
  bool is_known(int64_t change, NodeId directory, std::string_view name) const;
  bool is_own(int64_t change) const;  // of a name that the kernel knows of
  void forget_up_to(int64_t change);  // those changes were invalidated

 private:
  struct Current {
    int64_t act = 0;
    Clock::time_point last;  // something was done, or answered
    uint32_t uid = 0;
    std::shared_ptr<Doings> doings;
  };
  struct Own {
    int64_t first = 0, last = 0;
    KnownNames names;
  };
  struct Made {
    uint64_t program = 0;
    uint32_t uid = 0;
    Clock::time_point at;
  };
  std::optional<Current> current_of(const Actor& actor, const Doing& doing, Clock::time_point at) const;
  void note(const Actor& actor, const Doing& doing, Current current);
  void is_answered(const Actor& actor);
  Written commit(WriteRequest request, const std::function<void(Writer&, KnownNames&)>& work);

  Catalog& catalog_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Current> current_;     // by program
  std::unordered_map<int64_t, Made> made_;  // by asset
  std::deque<Own> own_;
};

}  // namespace damfs
