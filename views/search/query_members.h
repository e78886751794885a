// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/model/search/search.h"
#include "views/search/result_pages.h"

namespace damfs {

// The assets for which a query holds, as a folder of any view may show them: under their labels, by rising id. All but
// `list` take the time of one asset, however many there are. Refers to what it was made from.
class QueryMembers {
 public:
  // `folder`: any number that stands for these criteria alone, such as the folder's own.
  QueryMembers(const Criteria& criteria, ResultPages& pages, uint64_t folder)
      : criteria_(criteria), pages_(pages), folder_(folder) {}

  void list(Reader& reader, int64_t after, const Reader::AssetVisitor& visit) const;
  std::optional<FoundAsset> find(Reader& reader, std::string_view name) const;
  std::vector<FoundAsset> with_stem(Reader& reader, std::string_view stem) const;
  bool has(Reader& reader, const FoundAsset& asset) const { return matches(reader, criteria_, asset); }

 private:
  const Criteria& criteria_;
  ResultPages& pages_;
  const uint64_t folder_;
};

}  // namespace damfs
