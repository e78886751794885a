// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "catalog/base/folder.h"

namespace damfs {

// A folder of the user's that files are copied into. Whatever gets a name there is whole, and on the disk before it is
// called so; nothing that is there is written over, and no symbolic link in it is followed.
class OutFolder {
 public:
  struct File {
    std::string folder;  // below it; "": its top
    std::string name;
    int64_t size = 0;
    int64_t mtime_ns = 0;
    mode_t mode = 0644;
    std::optional<std::string> text{};  // all that is to be in it: then what is there is compared by that
  };
  struct Place {
    std::string folder;
    std::string name;
    bool is_there = false;  // the very file: nothing is to be written
    std::string path() const;
  };

  // Empty: it is not there yet, and only asked where things would go.
  explicit OutFolder(std::optional<Folder> folder) : folder_(std::move(folder)) {}
  ~OutFolder();
  OutFolder(const OutFolder&) = delete;
  OutFolder& operator=(const OutFolder&) = delete;

  // Where such a file goes, which no later one gets. Where another one has its name: "a~2.jpg".
  Place choose(const File& file);

  // `fill` writes it to the descriptor; `named` is called when it has its name, which may be another than was chosen if
  // somebody else took that meanwhile, or why it has none. Throws, with nothing of it left, what `fill` throws.
  using Fill = std::function<void(int fd)>;
  using Named = std::function<void(const Place& place, const std::string& problem)>;
  void write(const Place& place, const File& file, const Fill& fill, const Named& named);

  // All that was written gets its name, and keeps it whatever happens to the machine.
  void finish();

 private:
  struct Waiting {
    Folder folder;
    std::string temporary;
    Place place;
    File file;
    Named named;
  };
  bool is_the_same(const File& file, const struct stat& there, const Path& path) const;
  const Folder& enter(const std::string& folder);
  void remove_leftovers(const Folder& folder) const;
  void give_names();
  void give_name(Waiting& waiting);

  const std::optional<Folder> folder_;
  std::optional<Folder> entered_;  // the last one, for the next file is likely to go there too
  std::string entered_name_;
  std::unordered_set<std::string> cleared_;          // folders without what a run that was killed left
  std::unordered_set<std::string> taken_;            // by this run
  std::unordered_map<std::string, int> last_tried_;  // suffix of a name
  std::vector<Waiting> waiting_;
  int64_t waiting_bytes_ = 0;
  uint64_t next_temporary_ = 0;
};

}  // namespace damfs
