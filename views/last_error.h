// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace damfs {

// Why the mount last refused something: an errno alone cannot say it. Shown as .damfs/last-error. Thread-safe.
class LastError {
 public:
  void note(std::string_view reason);
  std::string line() const;  // with its time and a newline; empty: nothing was refused

 private:
  mutable std::mutex mutex_;
  std::string line_;
};

}  // namespace damfs
