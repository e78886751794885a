// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/finding.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "catalog/model/search/search.h"

namespace damfs {
namespace {

constexpr int64_t kMostOddities = 100;

Criteria criteria_of(std::string_view query, ExactCopies copies) {
  return {{}, parse_query(query, QueryReading::kStrict), copies == ExactCopies::kAll};
}

}  // namespace

void find_assets(Catalog& catalog, std::string_view query, ExactCopies copies,
                 const std::function<bool(Reader&, int64_t asset)>& visit) {
  const Criteria criteria = criteria_of(query, copies);
  const auto searcher = catalog.reader();
  const auto other = catalog.reader();
  search(*searcher, criteria, 0, [&](int64_t asset) { return visit(*other, asset); });
}

std::vector<int64_t> found_assets(Reader& reader, std::string_view query, ExactCopies copies) {
  std::vector<int64_t> assets;
  search(reader, criteria_of(query, copies), 0, [&](int64_t asset) {
    assets.push_back(asset);
    return true;
  });
  return assets;
}

void find_duplicates(Catalog& catalog, std::string_view query,
                     const std::function<bool(Reader&, const std::vector<int64_t>& assets)>& visit) {
  const Criteria criteria = criteria_of(query, ExactCopies::kAll);
  const auto lister = catalog.reader();
  const auto other = catalog.reader();
  lister->groups(Grouping::kDuplicates, 0, 0, [&](const GroupRow& group) {
    std::vector<FoundAsset> holders;
    other->assets(Grouping::kDuplicates, group.key, 0, [&](const AssetRow& row) {
      holders.push_back({row, std::string(row.name)});
      return true;
    });
    const bool is_meant = std::any_of(holders.begin(), holders.end(),
                                      [&](const FoundAsset& each) { return matches(*other, criteria, each); });
    if (!is_meant) return true;
    std::vector<int64_t> assets;
    for (const FoundAsset& each : holders) assets.push_back(each.row.id);
    return visit(*other, assets);
  });
}

std::optional<Inside> look_inside(Reader& reader, const Details& details) {
  PackReader packs(reader);
  const auto pack = packs.pack(details.id);
  const auto count = pack ? packs.count(pack->blob) : std::nullopt;
  if (!count) return std::nullopt;
  Inside inside{pack->name, *count, packs.oddities(pack->blob, kMostOddities), {}, {}};
  const auto format = details.metadata.find("format");
  if (format == details.metadata.end()) return inside;
  const auto told = nlohmann::json::parse(format->second, nullptr, false);
  if (!told.is_object()) return inside;
  inside.names = told.value(kNamesReadAs, "");
  inside.names_runner_up = told.value(kNamesRunnerUp, "");
  return inside;
}

}  // namespace damfs
