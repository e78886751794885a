// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/last_error.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "catalog/base/names.h"

namespace damfs {

void LastError::note(std::string_view reason) {
  std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), printable(reason));
  const std::lock_guard lock(mutex_);
  line_ = std::move(line);
}

std::string LastError::line() const {
  const std::lock_guard lock(mutex_);
  return line_;
}

}  // namespace damfs
