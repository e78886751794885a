// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Who may do what with assets and folders, where more follows from it than a column.

#include <algorithm>
#include <array>
#include <charconv>

#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr StatementName kValueOf = "value_of_attribute";
// Not one of user.*, so that nobody else sets it and nobody is told of it. Empty: no mode was set.
constexpr std::string_view kModeBeforeLock = "damfs.mode_before_lock";
constexpr int64_t kUnsetMode = 0644;
constexpr int64_t kWrite = 0222;
constexpr int64_t kOwnerWrites = 0200;

}  // namespace

// What is inside an archive has the rights of the archive.
void Writer::log_members_rights(int64_t asset) {
  if (count_of("has_pack_name", asset) == 0) return;
  log_change(ChangeRow::What::kGroup, asset, 0, Grouping::kPacks, asset, "");
}

Ownership Writer::ownership_of_asset(int64_t asset) {
  db::Use row(statement("rights_of_asset"));
  row->bind_all(asset);
  if (!row->step()) return {};
  const auto column = [&row](int at) { return row->is_null(at) ? std::nullopt : std::optional(row->integer(at)); };
  return {column(0), column(1), column(2)};
}

std::optional<int64_t> Writer::mode_of(int64_t asset) { return ownership_of_asset(asset).mode; }

void Writer::set_mode(int64_t asset, std::optional<int64_t> mode) {
  statement("set_mode").bind_all(asset, mode).run();
  touched_assets_.try_emplace(asset, 0);
  log_members_rights(asset);
}

void Writer::lock_mode(int64_t asset) {
  const auto mode = mode_of(asset);
  bool is_locked = false;
  {
    db::Use known(statement(kValueOf));
    known->bind_all(asset, kModeBeforeLock);
    is_locked = known->step();
  }
  if (!is_locked) set_attribute(asset, kModeBeforeLock, mode ? std::to_string(*mode) : std::string());
  set_mode(asset, mode.value_or(kUnsetMode) & ~kWrite);
}

void Writer::unlock_mode(int64_t asset) {
  std::optional<int64_t> before;
  {
    db::Use known(statement(kValueOf));
    known->bind_all(asset, kModeBeforeLock);
    if (!known->step()) return;
    const std::string_view text = known->text(0);
    int64_t mode = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), mode).ec == std::errc()) before = mode;
  }
  remove_attribute(asset, kModeBeforeLock);
  // Whoever changed it meanwhile has said what it is to be; but that it may be written to is how one gets to unlock it.
  const int64_t now = mode_of(asset).value_or(kUnsetMode);
  if ((now & ~kOwnerWrites) == (before.value_or(kUnsetMode) & ~kWrite)) set_mode(asset, before);
}

// --- folders --------------------------------------------------------------------------------------------

// "<mode>/<uid>/<gid>", empty parts for what nobody set; "" where that is all of them.
std::string Writer::folder_rights(int64_t folder) {
  db::Use row(statement("rights_of_folder_as_text"));
  row->bind_all(folder);
  return row->step() && !row->is_null(0) ? std::string(row->text(0)) : std::string();
}

// They go with a folder that is removed; undoing that must not open to all what was shut.
void Writer::record_folder_rights(int64_t folder) {
  std::string rights = folder_rights(folder);
  if (!rights.empty()) record({Step::What::kFolderRights, 0, folder, std::move(rights), ""});
}

bool Writer::restore_folder_rights(const Step& step) {
  std::array<std::optional<int64_t>, 3> parts;
  std::string_view rest = step.before;
  for (auto& part : parts) {
    const size_t end = std::min(rest.find('/'), rest.size());
    int64_t number = 0;
    if (std::from_chars(rest.data(), rest.data() + end, number).ec == std::errc()) part = number;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (count_of("is_folder", step.group) == 0) return false;
  reach_changes_below(step.group);
  statement("set_rights_of_folder").bind_all(step.group, parts[0], parts[1], parts[2]).run();
  log_change(ChangeRow::What::kGroup, 0, 0, Grouping::kFolder, step.group, "");
  record({Step::What::kFolderRights, 0, step.group, step.after, step.before});
  return true;
}

}  // namespace damfs
