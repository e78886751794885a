// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "catalog/base/unique_fd.h"

namespace damfs {

// What a worker is given to write to: memory of a size that nobody can change any more. A worker may keep its
// descriptor for as long as it likes, so nothing is ever kept or read again where it stands: what was declared is
// copied, once, into a file that no worker has seen.
class HandedOutput {
 public:
  explicit HandedOutput(int64_t bytes);

  int fd() const { return fd_.get(); }

  // Of [from, to), in whole pages: what somebody wrote to. The rest reads as zeros that nobody meant.
  int64_t written(int64_t from, int64_t to) const;
  // To the same place of `target`; what nobody wrote to stays a hole there.
  void copy(int64_t from, int64_t to, int target) const;

 private:
  struct Extent {
    int64_t from = 0, to = 0;
  };
  Extent next_data(int64_t from, int64_t to) const;  // empty: there is none

  UniqueFd fd_;
};

}  // namespace damfs
