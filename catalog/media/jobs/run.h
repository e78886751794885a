// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace damfs {

// A run of a derived file's pieces (units), made one behind the other. Unit i of the run is written to the output at
// i * unit_bytes and then reported (Job::progress). Each has as many bytes as are declared, or it is not made.
struct RunRequest {
  int64_t unit_bytes = 0;
  int64_t first = 0;
  int64_t count = 1;
  int64_t last_bytes = 0;  // of the run's last unit; 0: it is as long as the others
  // So many of them stand in the output already, made by a worker that was lost: this one goes on behind them. The
  // pool's; what is reported counts them too.
  int64_t made = 0;
  std::string session;  // names source and recipe: what a worker has open under that name it goes on with

  // Of the run's first `units`.
  int64_t bytes_of(int64_t units) const {
    return units * unit_bytes - (units == count && last_bytes > 0 ? unit_bytes - last_bytes : 0);
  }
};

}  // namespace damfs
