// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "catalog/base/error.h"

namespace damfs {
namespace {

bool is_for_fstab(std::string_view option) {
  static constexpr std::array kNames = {"defaults", "auto", "noauto", "user",    "nouser", "users",   "owner",
                                        "group",    "fail", "nofail", "_netdev", "async",  "relatime"};
  return std::find(kNames.begin(), kNames.end(), option) != kNames.end() || option.starts_with("x-") ||
         option.starts_with("user=") || option.starts_with("comment=");
}

bool is_ours_anyway(std::string_view option) {
  static constexpr std::array kNames = {"nosuid", "nodev", "default_permissions"};
  return std::find(kNames.begin(), kNames.end(), option) != kNames.end();
}

uint32_t number(std::string_view option) {
  const std::string_view digits = option.substr(option.find('=') + 1);
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    fail(EINVAL, "mount option {}: that is not a number", option);
  }
  return value;
}

struct Choices {
  std::string fsname = "fsname=damfs";
  std::string subtype = "subtype=damfs";
  std::string access = "rw";
  bool exec = false;
  Owner owner{.uid = ::getuid(), .gid = ::getgid()};
  Passthrough::Choice passthrough = Passthrough::Choice::kWhenPossible;
  bool is_for_others = false;
  std::vector<std::string> others;

  void take(std::string_view option) {
    if (option.empty() || is_for_fstab(option) || is_ours_anyway(option)) return;
    if (option == "suid" || option == "dev") {
      fail(EINVAL, "mount option {}: a damfs mount is always nosuid and nodev", option);
    }
    if (option.starts_with("max_read=")) fail(EINVAL, "mount option {}: damfs chooses this by itself", option);
    if (option == "no_passthrough") {
      passthrough = Passthrough::Choice::kNever;
    } else if (option == "ro" || option == "rw") {
      access = option;
    } else if (option == "exec" || option == "noexec") {
      exec = option == "exec";
    } else if (option == "private") {
      owner.is_private = true;
    } else if (option.starts_with("uid=")) {
      owner.uid = number(option);
    } else if (option.starts_with("gid=")) {
      owner.gid = number(option);
    } else if (option.starts_with("fsname=")) {
      fsname = option;
    } else if (option.starts_with("subtype=")) {
      subtype = option;
    } else {
      is_for_others = is_for_others || option == "allow_other";
      others.emplace_back(option);
    }
  }
};

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& given) {
  Choices choices;
  for (std::string_view list : given) {
    while (!list.empty()) {
      const size_t comma = std::min(list.find(','), list.size());
      choices.take(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  MountOptions options{
      .for_libfuse = {choices.fsname, choices.subtype, "default_permissions", choices.access, "nosuid", "nodev"},
      .owner = choices.owner,
      .is_for_others = choices.is_for_others,
      .passthrough = choices.passthrough};
  options.for_libfuse.push_back(choices.exec ? "exec" : "noexec");
  options.for_libfuse.insert(options.for_libfuse.end(), choices.others.begin(), choices.others.end());
  return options;
}

}  // namespace damfs
