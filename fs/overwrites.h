// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "views/frame/node_id.h"

namespace damfs {

// Sealed files that somebody wants to write to. A new version is a new inode, and which of an asset's names is saved
// over decides what becomes of the others; but OPEN and SETATTR only tell the inode. So they are answered ESTALE, upon
// which the kernel walks the path again, asking for each name afresh: that LOOKUP, by the same thread, tells the name,
// and is given the inode that takes the writing. Who comes back without having looked anything up has the inode alone:
// opened by its descriptor (/proc/self/fd, as Samba does) or by its handle (open_by_handle_at, as NFS servers do).
// Thread-safe.
class Overwrites {
 public:
  // Thread `asker` wants to write to `node`.
  struct Answer {
    bool comes_by_number = false;  // no name of it will be asked for
    int error = 0;                 // else: its name was looked up and refused; or ESTALE, and it will come by its name
  };
  Answer wants(pid_t asker, NodeId node);
  // What the asker, who is looking a file up, wants to write to. Only the last name of a path is a file's, so it is
  // that one, also when the name leads to another state of it by now.
  std::optional<NodeId> wanted(pid_t asker) const;
  // It was looked up, and is `node`, which may not be written to.
  void refused(pid_t asker, NodeId node, int error);
  void found(pid_t asker, NodeId node);

 private:
  struct Wish {
    int refused = 0;
    std::chrono::steady_clock::time_point at;
  };
  using Key = std::pair<pid_t, uint64_t>;
  void forget_old();

  mutable std::mutex mutex_;
  std::map<Key, Wish> wishes_;
};

}  // namespace damfs
