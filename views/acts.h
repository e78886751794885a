// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/model/catalog.h"
#include "catalog/model/writer.h"
#include "views/node.h"

namespace damfs {

// Names that whoever asked for a change knows of by its answer: the kernel is not to be told to forget them, for then
// a program would stand in a folder that has no name any more.
using KnownNames = std::vector<std::pair<NodeId, std::string>>;

// What is done to the tree through one mount: writes it to the catalog, gathers what one program does at once into one
// act of the journal, and remembers which news of the catalog are this mount's own. Thread-safe.
class Acts {
 public:
  explicit Acts(Catalog& catalog) : catalog_(catalog) {}

  enum class Room : uint8_t { kTaken, kFreed };  // see WriteRequest::frees_room
  // `work` may add to `known` while it writes.
  void write(const Actor& actor, std::string_view what, Durability durability,
             const std::function<void(Writer&, KnownNames& known)>& work, Room room = Room::kTaken);

  // Whether the change is this mount's own and its kernel knows of that name.
  bool is_known(int64_t change, NodeId directory, std::string_view name) const;
  void forget_up_to(int64_t change);  // these news were told

 private:
  struct Current {
    int64_t act = 0;
    int64_t last_ns = 0;
    uint32_t uid = 0;
  };
  struct Own {
    int64_t first = 0, last = 0;
    KnownNames names;
  };
  int64_t act_to_continue(const Actor& actor, int64_t now_ns);
  void began(const Actor& actor, int64_t act, int64_t now_ns);

  Catalog& catalog_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Current> current_;  // by program
  std::deque<Own> own_;
};

}  // namespace damfs
