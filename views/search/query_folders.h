// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/model/search/search.h"
#include "views/frame/view.h"

namespace damfs {

// A folder that is there because somebody asked for it: a query in search/, or a '+' below any folder and what stands
// below that.
struct QueryFolder {
  // All that distinguishes it, from the folder it hangs below on: its number is made of this.
  std::string path;
  std::string name;
  View::Place above;
  std::shared_ptr<const QueryFolder> above_ref;  // null where it hangs below a folder that is none of these
  bool joins = false;                            // a '+', which holds nothing itself
  bool names_tags = false;                       // behind its '+' a plain name is a tag
  Criteria criteria;

  int64_t key = 0;  // given by QueryFolders
};
using QueryFolderRef = std::shared_ptr<const QueryFolder>;

// The one table of the mounted tree: what the numbers of those folders stand for. A number is a digest of the
// folder's path, so it is the same in every life of the daemon and nothing is stored; but nobody can read the path
// out of it, so a number of a former life is unknown until the path is looked up again. Holds what anybody still
// refers to, and besides it no more than the last few thousand. Thread-safe.
class QueryFolders {
 public:
  explicit QueryFolders(size_t most_kept = 4096) : most_kept_(most_kept) {}

  // The one folder with that path. Null: its number is another one's, which chance alone does not bring about.
  QueryFolderRef intern(QueryFolder folder);
  QueryFolderRef find(int64_t key) const;  // null: unknown
  std::vector<QueryFolderRef> all() const;
  // Those that were given up since the last call, in favour of newer ones: a kernel that forgets their names lets
  // them go altogether.
  std::vector<QueryFolderRef> take_given_up();

  static int64_t key_of(const std::string& path);

 private:
  struct Slot {
    std::weak_ptr<const QueryFolder> folder;
    std::list<QueryFolderRef>::iterator kept;
    bool is_kept = false;
  };
  void keep(Slot& slot, const QueryFolderRef& folder);
  void sweep();

  const size_t most_kept_;
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, Slot> slots_;
  std::list<QueryFolderRef> kept_;  // the last used first
  std::vector<QueryFolderRef> given_up_;
  size_t sweep_at_ = 1024;
};

}  // namespace damfs
