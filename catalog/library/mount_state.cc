// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/library/mount_state.h"

#include <climits>
#include <nlohmann/json.hpp>
#include <string>

namespace damfs {

std::optional<MountState> parse_mount_state(std::string_view text) {
  const auto state = nlohmann::json::parse(text, nullptr, false);
  if (!state.is_object()) return std::nullopt;
  const auto mountpoint = state.find("mountpoint");
  const auto pid = state.find("pid");
  if (mountpoint == state.end() || !mountpoint->is_string() || pid == state.end() || !pid->is_number_integer()) {
    return std::nullopt;
  }
  const auto number = pid->get<int64_t>();
  MountState found{mountpoint->get<std::string>(), static_cast<pid_t>(number)};
  if (number <= 0 || number > INT_MAX || !found.mountpoint.is_absolute()) return std::nullopt;
  return found;
}

}  // namespace damfs
