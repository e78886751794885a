// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/search/query_members.h"

#include <algorithm>
#include <span>

namespace damfs {
namespace {

// A kernel's page is a few dozen entries; who takes more gets more at once.
constexpr size_t kFirstBatch = 32;
constexpr size_t kLargestBatch = 512;

}  // namespace

void QueryMembers::list(Reader& reader, int64_t after, const Reader::AssetVisitor& visit) const {
  size_t most = kFirstBatch;
  for (;;) {
    const auto stretch = pages_.behind(reader, folder_, criteria_, after);
    std::span<const int64_t> left(stretch->ids);
    left = left.subspan(static_cast<size_t>(std::upper_bound(left.begin(), left.end(), after) - left.begin()));
    while (!left.empty()) {
      const auto batch = left.subspan(0, std::min(left.size(), most));
      bool goes_on = true;
      reader.assets_by_id(batch, [&](const AssetRow& row) { return goes_on = visit(row); });
      if (!goes_on) return;
      after = batch.back();
      left = left.subspan(batch.size());
      most = std::min(most * 2, kLargestBatch);
    }
    if (stretch->is_last) return;
  }
}

std::optional<FoundAsset> QueryMembers::find(Reader& reader, std::string_view name) const {
  auto found = reader.find_asset(Grouping::kAll, 0, name);
  if (found && !has(reader, *found)) found.reset();
  return found;
}

std::vector<FoundAsset> QueryMembers::with_stem(Reader& reader, std::string_view stem) const {
  auto found = reader.assets_with_stem(Grouping::kAll, 0, stem);
  std::erase_if(found, [&](const FoundAsset& asset) { return !has(reader, asset); });
  return found;
}

}  // namespace damfs
