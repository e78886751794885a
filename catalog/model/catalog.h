// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/model/journal.h"
#include "catalog/model/reader.h"

namespace damfs {

class Writer;

// What is true: one SQLite file. Thread-safe. Other processes may write the same catalog at the same time.
class Catalog {
 public:
  // Makes a new one; EEXIST when something is there already.
  static void create(const Path& file);

  // Opens an existing one, bringing an older schema up to date. Refuses, changing nothing: a newer schema
  // (ENOTSUP), a file that is empty, truncated or no catalog (EUCLEAN), a network file system (EREMOTE).
  explicit Catalog(Path file);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

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

  // Runs `work` in one transaction of the one writer, durable when it returns; an exception undoes all of it.
  void write(const std::function<void(Writer&)>& work);
  // Likewise, written down in the journal.
  void write(Act act, const std::function<void(Writer&)>& work);

  const Path& file() const { return file_; }

 private:
  void take_back(std::unique_ptr<Reader> reader);

  const Path file_;
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Reader>> idle_readers_;
  std::mutex writer_mutex_;
  std::unique_ptr<db::Database> writer_database_;
};

}  // namespace damfs
