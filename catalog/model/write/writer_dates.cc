// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// When assets were taken: of all that tells, what stands highest.

#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {

AssetDate Writer::date_of(int64_t asset, const MediaFacts& facts, int64_t mtime_ns) {
  const bool is_sidecar = facts.mime == kSidecarMime;
  const auto applied = is_sidecar ? std::nullopt : applied_sidecar_words(asset).captured;
  return asset_date(facts, applied, label_of(asset), mtime_ns, dates_);
}

Day Writer::day_of(const MediaFacts* facts, std::string_view name, int64_t mtime_ns) const {
  return asset_date(facts != nullptr ? *facts : MediaFacts(), std::nullopt, name, mtime_ns, dates_).at.day;
}

void Writer::put_date(int64_t asset, const AssetDate& date) {
  statement("set_date")
      .bind_all(asset, date.at.day.key(), std::string_view(date.at.text()), static_cast<int64_t>(date.source))
      .run();
}

void Writer::renew_date(int64_t asset) {
  const int64_t version = current_version(asset);
  const int64_t mtime_ns = count_of("mtime_of_asset", asset);
  const AssetDate date = date_of(asset, technical_facts(count_of("blob_of_version", version)), mtime_ns);
  move_asset_in_groups(asset, -1);
  put_date(asset, date);
  move_asset_in_groups(asset, +1);
  touched_assets_.try_emplace(asset, 0);
}

}  // namespace damfs
