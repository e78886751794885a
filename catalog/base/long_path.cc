// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/long_path.h"

#include <fcntl.h>

#include <cerrno>
#include <climits>
#include <string>

namespace damfs {

int at_length(const Path& path, const std::function<int(int at, const char* rest)>& call) {
  constexpr size_t kMost = PATH_MAX - 1;
  const std::string& text = path.native();
  UniqueFd folder;
  size_t begin = 0;
  while (text.size() - begin > kMost) {
    const size_t slash = text.rfind('/', begin + kMost);
    if (slash == std::string::npos || slash <= begin) {
      errno = ENAMETOOLONG;
      return -1;
    }
    const std::string part = text.substr(begin, slash - begin);
    UniqueFd next(::openat(folder ? folder.get() : AT_FDCWD, part.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!next) return -1;
    folder = std::move(next);
    begin = text.find_first_not_of('/', slash);
    if (begin == std::string::npos) return call(folder.get(), ".");
  }
  return call(folder ? folder.get() : AT_FDCWD, text.c_str() + begin);
}

}  // namespace damfs
