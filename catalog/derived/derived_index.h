// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/base/folder.h"

namespace damfs {

namespace db {
class Database;
}

// What derived/ holds, when it was used, what is to be said of it, and what failed: derived/index.db. It is bookkeeping
// about what can be made again, so it is written without waiting for the disk; one that is broken or was deleted is
// made anew from the files. Throws Error; readers are served without it. Thread-safe.
class DerivedIndex {
 public:
  explicit DerivedIndex(FileIn folder);
  ~DerivedIndex();
  DerivedIndex(const DerivedIndex&) = delete;
  DerivedIndex& operator=(const DerivedIndex&) = delete;

  void touch(const std::string& key);  // it was used; written down some time
  // Also when its size has changed.
  void add(const std::string& key, int64_t bytes);
  void drop(const std::string& key);
  // Of files and of failures.
  std::vector<std::string> keys_that_begin_with(const std::string& text);

  struct File {
    std::string key;
    std::string place;  // DerivedKey::place_of; never what a row says
    int64_t bytes = 0;
  };
  // The least recently used, enough of them that at most `target` bytes stay; those that `keep` says, stay anyway.
  std::vector<File> oldest_beyond(int64_t target, const std::function<bool(const std::string& key)>& keep);

  struct Failure {
    std::string key, reason;
    int64_t at_ns = 0;
  };
  std::vector<Failure> failures();  // the newest first
  std::optional<std::string> failure(const std::string& key);
  void set_failure(const std::string& key, const std::optional<std::string>& reason);  // empty: forget it

  // A note about a file that is there, such as that a part of the picture is missing.
  std::optional<std::string> note(const std::string& key);
  void set_note(const std::string& key, const std::optional<std::string>& text);  // empty: forget it

  int64_t total() const { return total_; }  // bytes

 private:
  template <typename Work>
  auto with_database(const Work& work);
  void follow_file();
  void open_or_renew();
  void renew(const std::string& why);
  void remove_files();
  void open();
  void adopt_files();
  void adopt_what_a_power_cut_left();
  void flush();
  FileIn file() const { return {folder_.folder, folder_.name / "index.db"}; }

  const FileIn folder_;
  std::mutex mutex_;
  std::unique_ptr<db::Database> database_;
  dev_t device_ = 0;  // of the file that database_ has open
  ino_t inode_ = 0;
  std::map<std::string, int64_t> touched_;
  std::atomic<int64_t> total_{0};
};

}  // namespace damfs
