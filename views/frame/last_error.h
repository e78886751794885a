// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace damfs {

// Why the mount last refused something: an errno alone cannot say it. Shown as .damfs/last-error, to each what that one
// was refused (asker.h: Asking), for it may name what others are not to know of. Thread-safe.
class LastError {
 public:
  void note(std::string_view reason);
  std::string line() const;  // with its time and a newline; empty: nothing was refused

 private:
  struct Line {
    uint64_t number = 0;  // rises
    std::string text;
  };
  mutable std::mutex mutex_;
  uint64_t newest_ = 0;
  std::map<uint32_t, Line> lines_;  // by uid
};

}  // namespace damfs
