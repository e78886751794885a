// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Objects that were found damaged.

#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {

bool Writer::mark_damaged(const Digest& sha256, std::string_view reason) {
  const int64_t blob = blob_with(sha256);
  if (blob == 0) return false;
  const bool is_news = count_of("is_damaged", blob) == 0;
  statement("mark_damaged").bind_all(blob, now_ns_, reason).run();
  if (is_news) log_changed_bytes(blob);
  return is_news;
}

bool Writer::mark_whole(const Digest& sha256) {
  const int64_t blob = blob_with(sha256);
  if (blob == 0 || count_of("is_damaged", blob) == 0) return false;
  statement("drop_damage").bind_all(blob).run();
  log_changed_bytes(blob);
  return true;
}

void Writer::log_changed_bytes(int64_t blob) {
  std::vector<std::pair<int64_t, int64_t>> versions;
  {
    db::Use rows(statement("versions_of_blob"));
    rows->bind_all(blob);
    while (rows->step()) versions.emplace_back(rows->integer(0), rows->integer(1));
  }
  for (const auto& [version, asset] : versions) {
    log_change(ChangeRow::What::kBytes, asset, version, Grouping::kFolder, 0, "");
  }
}

}  // namespace damfs
