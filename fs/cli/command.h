// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/library/library.h"
#include "catalog/model/journal.h"

namespace CLI {
class App;
}

namespace damfs {

class Reader;

// What every verb ends with.
inline constexpr int kAllDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kPartlyDone = 2;  // each failed file was named, with why

struct Globals {
  std::optional<Path> library;                          // -L
  ForeignOwner foreign_owner = ForeignOwner::kRefused;  // --foreign-owner
  int exit_code = kAllDone;

  Path library_root() const;
  Library open_library() const;  // warns of one that others may enter
};

// Each adds one verb to the program; what it did is in globals.exit_code.
void add_init(CLI::App& program, Globals& globals);
void add_import(CLI::App& program, Globals& globals);
void add_mount(CLI::App& program, Globals& globals);
void add_unmount(CLI::App& program, Globals& globals);
void add_status(CLI::App& program, Globals& globals);
void add_find(CLI::App& program, Globals& globals);
void add_info(CLI::App& program, Globals& globals);
void add_export(CLI::App& program, Globals& globals);
void add_show(CLI::App& program, Globals& globals);
void add_open(CLI::App& program, Globals& globals);
void add_tag(CLI::App& program, Globals& globals);
void add_album(CLI::App& program, Globals& globals);
void add_set(CLI::App& program, Globals& globals);
void add_log(CLI::App& program, Globals& globals);
void add_undo(CLI::App& program, Globals& globals);
void add_trash(CLI::App& program, Globals& globals);
void add_revert(CLI::App& program, Globals& globals);
void add_purge(CLI::App& program, Globals& globals);
void add_gc(CLI::App& program, Globals& globals);
void add_verify(CLI::App& program, Globals& globals);
void add_warm(CLI::App& program, Globals& globals);
void add_doctor(CLI::App& program, Globals& globals);
void add_complete(CLI::App& program, Globals& globals);  // hidden: for shells
void add_help(CLI::App& program, Globals& globals);      // hidden: `--help` in other shapes

// What the journal is to say of a verb, as whoever runs it.
Act act_by_user(std::string what);
template <typename... Args>
Act act_of_user(fmt::format_string<Args...> format, Args&&... args) {
  return act_by_user(fmt::format(format, std::forward<Args>(args)...));
}

// Turns SIGINT and SIGTERM into a flag while it lives; a second one ends the process at once.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  const std::atomic<bool>& flag() const;
};

}  // namespace damfs
