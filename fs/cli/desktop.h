// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "catalog/base/file.h"

namespace damfs {

// A program of the desktop that was started, by its name in PATH and without a shell. What it says on stdout goes to
// stderr, or nowhere when it is quiet.
class DesktopProgram {
 public:
  enum class Says { kToStderr, kNothing };
  DesktopProgram(const std::vector<std::string>& argv, Says says = Says::kToStderr);

  bool is_there() const { return child_.has_value(); }  // false: there is no such program
  int wait();                                           // its exit status; of one that a signal ended, -1

 private:
  std::optional<pid_t> child_;
};

// "file:///…", with all but letters, digits and -._~/ as %XX.
std::string file_uri(const Path& path);

}  // namespace damfs
