// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/base/disk_reserve.h"
#include "catalog/base/folder.h"
#include "catalog/model/journal.h"
#include "catalog/model/read/reader.h"
#include "catalog/model/write/date_rules.h"

namespace damfs {

class Writer;
class Statements;

// What a write gave.
struct Written {
  int64_t act = 0;                            // the journal's; 0: it changed nothing that is written down
  int64_t first_change = 0, last_change = 0;  // of the change feed; 0: none
};

enum class Durability : uint8_t {
  kNow,   // on the disk when write() returns: for what is acknowledged (law 6)
  kSoon,  // whole or not at all after a power cut, and on the disk with the next write that is kNow, or with sync()
};

struct WriteRequest {
  std::optional<Act> act{};  // written down in the journal as that
  Durability durability = Durability::kNow;
  // Called just before the commit, which may still fail.
  std::function<void(const Written&)> before_commit{};
  bool frees_room = false;  // it helps to free room: on a full disk the reserve is released, and it is tried once more
};

// What is true: one SQLite file. Thread-safe. Other processes may write the same catalog at the same time.
class Catalog {
 public:
  // Makes a new one; EEXIST when something is there already.
  static void create(const FileIn& file);

  // Opens an existing one, bringing an older schema up to date. Refuses, changing nothing: a newer schema
  // (ENOTSUP), a file that is empty, truncated, no catalog, or that holds triggers, views or other tables than damfs
  // makes (EUCLEAN), a network file system (EREMOTE).
  explicit Catalog(FileIn file);
  explicit Catalog(const CatalogIn& in);  // a library's own
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // The digest of what the steps up to the newest make (newest_schema.h).
  static std::string newest_schema();

  // Lends a reader to this thread for as long as the lease lives.
  class Lease {
   public:
    Lease(Catalog& catalog, std::unique_ptr<Reader> reader) : catalog_(catalog), reader_(std::move(reader)) {}
    ~Lease() { catalog_.take_back(std::move(reader_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Reader* operator->() const { return reader_.get(); }
    Reader& operator*() const { return *reader_; }

   private:
    Catalog& catalog_;
    std::unique_ptr<Reader> reader_;
  };
  Lease reader();

  // Runs `work` in one transaction of the one writer; an exception undoes all of it.
  Written write(const WriteRequest& request, const std::function<void(Writer&)>& work);
  Written write(const std::function<void(Writer&)>& work) { return write(WriteRequest(), work); }
  Written write(Act act, const std::function<void(Writer&)>& work) {
    return write(WriteRequest{.act = std::move(act)}, work);
  }

  // All that was written is on the disk when it returns.
  void sync();

  const FileIn& in() const { return file_; }
  const Path& file() const { return path_; }  // for messages

 private:
  void open();
  Written try_to_write(const WriteRequest& request, const std::function<void(Writer&)>& work);
  void take_back(std::unique_ptr<Reader> reader);

  const FileIn file_;
  const DateRules dates_;
  const Path path_;
  const DiskReserve reserve_;
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Reader>> idle_readers_;
  std::mutex writer_mutex_;
  std::unique_ptr<db::Database> writer_database_;
  std::unique_ptr<Statements> writer_statements_;
  Durability durability_ = Durability::kNow;  // what writer_database_ is set to
};

}  // namespace damfs
