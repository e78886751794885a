// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/own_mounts.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace damfs {

std::set<dev_t> devices_of_own_mounts(std::string_view mountinfo) {
  std::set<dev_t> devices;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    // id parent major:minor root mountpoint options [optional…] - TYPE source super-options
    const size_t dash = line.find(" - ");
    if (dash == line.npos || !std::string_view(line).substr(dash + 3).starts_with("fuse.damfs ")) continue;
    std::istringstream fields(line);
    int id = 0;
    int parent = 0;
    unsigned major = 0;
    unsigned minor = 0;
    char colon = 0;
    if (fields >> id >> parent >> major >> colon >> minor) devices.insert(makedev(major, minor));
  }
  return devices;
}

std::set<dev_t> devices_of_own_mounts() {
  std::ifstream file("/proc/self/mountinfo");
  std::ostringstream text;
  text << file.rdbuf();
  return devices_of_own_mounts(text.str());
}

bool is_in_own_mount(const Path& place) {
  const auto devices = devices_of_own_mounts();
  if (devices.empty()) return false;
  for (Path at = std::filesystem::absolute(place).lexically_normal();; at = at.parent_path()) {
    struct stat st {};
    if (::stat(at.c_str(), &st) == 0) return devices.contains(st.st_dev);
    if (at == at.parent_path()) return false;
  }
}

}  // namespace damfs
