// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/base/folder.h"

namespace damfs {

// Room on a disk that a file puts by, so that what has to work on a full disk has some: SQLite needs room even to read.
// Neither of these fails; whoever asks finds out soon enough.
class DiskReserve {
 public:
  explicit DiskReserve(FileIn file) : file_(std::move(file)) {}
  void put_by() const noexcept;   // if it is not, and the disk is far from full
  bool give_up() const noexcept;  // false: there was none

 private:
  const FileIn file_;
};

}  // namespace damfs
