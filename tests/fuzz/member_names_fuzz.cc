// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "catalog/media/texture_map.h"
#include "catalog/media/worker/archive/member_names.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// Lines are what an archive calls its members.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> names;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const NamesRead read = worker::guess_charset(names);
  require(read.charset == nullptr || find_charset(read.charset->name) == read.charset);
  require(read.runner_up == nullptr || read.runner_up != read.charset);
  const auto maps = texture_maps(names);
  require(maps.size() == names.size());
  for (const auto& map : maps) require(!map || !to_string(map->role).empty());
  return 0;
}
