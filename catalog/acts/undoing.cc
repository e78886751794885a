// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/undoing.h"

#include <fmt/format.h>

#include <exception>

namespace damfs {
namespace {

struct OnlyTried : std::exception {};  // nothing of it is to be kept

}  // namespace

std::vector<ActRow> list_acts(Reader& reader, int64_t asset, int64_t most, WhichActs which) {
  std::vector<ActRow> rows;
  if (most <= 0) return rows;
  acts(reader, asset, [&](const ActRow& row) {
    if (which == WhichActs::kAll || (row.undone_by == 0 && row.undoes == 0)) rows.push_back(row);
    return std::ssize(rows) < most;
  });
  return rows;
}

std::vector<Step> steps_of(Reader& reader, const ActRow& act, int64_t asset, int64_t most) {
  std::vector<Step> out;
  steps(reader, act.id, asset, [&](const Step& step) {
    out.push_back(step);
    return std::ssize(out) < most;
  });
  return out;
}

std::optional<ActRow> act_to_undo(Reader& reader, std::optional<int64_t> number) {
  const auto wanted = number ? number : newest_undoable_act(reader);
  return wanted ? act(reader, *wanted) : std::nullopt;
}

Writer::Undone undo_act(Catalog& catalog, int64_t uid, const ActRow& act) {
  Writer::Undone undone;
  catalog.write(Act{.uid = uid, .what = fmt::format("undo {}", act.id), .undoes = act.id},
                [&](Writer& writer) { undone = writer.undo(act.id); });
  return undone;
}

Writer::Undone try_to_undo(Catalog& catalog, int64_t uid, const ActRow& act) {
  Writer::Undone undone;
  try {
    catalog.write(Act{.uid = uid, .what = "undo"}, [&](Writer& writer) {
      undone = writer.undo(act.id);
      throw OnlyTried();
    });
  } catch (const OnlyTried&) {
  }
  return undone;
}

std::optional<int64_t> version_to_revert_to(Reader& reader, int64_t asset, std::optional<int64_t> number) {
  const auto found = reader.asset(asset);
  if (!found) return std::nullopt;
  std::optional<int64_t> before;
  for (const VersionRow& version : reader.versions(asset)) {
    if (number ? version.number == *number : version.id == found->row.version) {
      return number ? std::optional(version.id) : before;
    }
    before = version.id;
  }
  return std::nullopt;
}

bool revert_asset(Catalog& catalog, const Act& act, int64_t asset, int64_t version) {
  bool changed = false;
  catalog.write(act, [&](Writer& writer) { changed = writer.revert(asset, version); });
  return changed;
}

}  // namespace damfs
