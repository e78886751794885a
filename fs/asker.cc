// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/asker.h"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "catalog/base/file.h"

namespace damfs {
namespace {

// PF_EXITING, as Linux shows it to programs in the ninth field of stat.
constexpr unsigned long kExiting = 0x4;

std::optional<std::string> stat_of(pid_t thread) {
  try {
    return read_text(fmt::format("/proc/{}/stat", thread), 4096);
  } catch (const std::exception&) {
    return std::nullopt;  // it ended while it was read
  }
}

bool is_exiting(const std::string& stat) {
  // "pid (name) state ppid pgrp session tty tpgid flags …"; the name may hold anything, ')' included.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 6; ++i) fields >> skipped;
  unsigned long flags = 0;
  return (fields >> flags) && (flags & kExiting) != 0;
}

}  // namespace

bool has_gone(pid_t asker, pid_t closer) {
  if (asker == 0 || closer == 0) return false;  // of another process namespace
  if (asker == closer) return true;
  // A /proc that hides other people's processes would make everybody look dead.
  if (!stat_of(closer)) return false;
  const auto stat = stat_of(asker);
  return !stat || is_exiting(*stat);
}

Program program_of(pid_t thread) {
  constexpr std::string_view kName = "Name:\t";
  constexpr std::string_view kGroup = "\nTgid:\t";
  Program program{static_cast<uint64_t>(thread), "a program"};
  try {
    const std::string status = read_text(fmt::format("/proc/{}/status", thread), 4096).value_or("");
    if (status.starts_with(kName)) program.name = status.substr(kName.size(), status.find('\n') - kName.size());
    if (const size_t at = status.find(kGroup); at != status.npos) {
      program.id = std::strtoull(status.c_str() + at + kGroup.size(), nullptr, 10);
    }
  } catch (const std::exception&) {
    // It ended meanwhile.
  }
  return program;
}

uint64_t process_of(pid_t thread) { return program_of(thread).id; }

}  // namespace damfs
