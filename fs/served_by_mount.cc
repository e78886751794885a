// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/served_by_mount.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace damfs {
namespace {

nlohmann::ordered_json numbers_of(const Stats& stats) {
  const std::string passthrough = stats.passthrough();
  nlohmann::ordered_json json = {{"requests", stats.requests()},         {"errors", stats.errors()},
                                 {"late_replies", stats.late_replies()}, {"cancelled_reads", stats.cancelled()},
                                 {"resident_bytes", resident_bytes()},   {"passthrough", passthrough}};
  if (passthrough == "true") json["passthrough"] = true;
  return json;
}

std::string metrics_of(const Stats& stats) {
  std::string text;
  for (size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    text += fmt::format("damfs_requests_total{{op=\"{}\"}} {}\n", op_name(op), stats.requests(op));
  }
  return text;
}

}  // namespace

ServedBy served_by_mount(const Stats& stats, const Path& mountpoint) {
  return {.where =
              [mountpoint] {
                return nlohmann::ordered_json{{"mountpoint", mountpoint.string()}};
              },
          .numbers = [&stats] { return numbers_of(stats); },
          .metrics = [&stats] { return metrics_of(stats); }};
}

}  // namespace damfs
