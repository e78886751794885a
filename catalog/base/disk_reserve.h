// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "catalog/base/folder.h"

namespace damfs {

// A file that holds room on a disk, to be released for what has to work when the disk is full: SQLite needs room even
// to read. Neither call reports a failure; the next write does.
class DiskReserve {
 public:
  explicit DiskReserve(FileIn file) : file_(std::move(file)) {}
  void allocate() const noexcept;  // unless it is there, or the disk is nearly full
  bool release() const noexcept;   // false: there was none

 private:
  const FileIn file_;
};

}  // namespace damfs
