// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/filing.h"

#include <fmt/format.h>

#include "catalog/base/clock.h"

namespace damfs {
namespace {

std::string folder_by_date(const Writer& writer, const SealedFile& file, std::string_view name) {
  const Day day = writer.day_of(file.facts, name, file.mtime_ns);
  return fmt::format("{}/{}", Day{day.year, 0, 0}.text(), day.text());
}

}  // namespace

int64_t file_into_group(Writer& writer, const View& view, const SealedFile& file, int64_t key, std::string_view name) {
  const auto group = view.group_of(key);
  if (const auto member = writer.member_called(group.grouping, group.key, name)) {
    writer.seal_version(file, *member);
    return *member;
  }
  if (const auto known = writer.asset_with(file.sha256, file.ownership, name)) {
    writer.link_copy(*known, file.copy_of);
    return *known;
  }
  const int64_t folder = writer.ensure_folder(folder_by_date(writer, file, name));
  return writer.seal(file, folder, writer.free_name(folder, name, file.sha256)).asset;
}

}  // namespace damfs
