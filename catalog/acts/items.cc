// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/items.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/suggest.h"
#include "catalog/model/read/details.h"
#include "catalog/model/search/search.h"

namespace damfs {
namespace {

constexpr size_t kMostCompared = 500;  // names with what was asked for

// What the items of one act come to.
class ItemFinder {
 public:
  ItemFinder(Reader& reader, const AtPath& at_path) : reader_(reader), at_path_(at_path) {}

  void add_named(const std::string& item) {
    if (add_at_path(item)) return;
    if (const auto asset = resolve_asset(reader_, item)) return add(*asset);
    if (const auto folder = folder_called(item)) return add_below(*folder);
    found_.missed.push_back({.why = MissedItem::Why::kUnknown, .item = item, .meant = most_like(item)});
  }

  void add_found(const std::string& query) {
    bool any = false;
    search(reader_, Criteria{{}, parse_query(query, QueryReading::kStrict)}, 0, [&](int64_t asset) {
      any = true;
      add(asset);
      return true;
    });
    if (!any) found_.missed.push_back({.why = MissedItem::Why::kNothingFound, .item = query});
  }

  FoundItems take() { return std::move(found_); }

 private:
  void add(int64_t asset) {
    if (known_.insert(asset).second) found_.assets.push_back(asset);
  }

  bool add_at_path(const std::string& item) {
    const auto there = at_path_ ? at_path_(item) : std::nullopt;
    if (!there) return false;
    for (const int64_t asset : there->assets) add(asset);
    if (!there->problem.empty()) {
      found_.missed.push_back({.why = MissedItem::Why::kAtPath, .item = item, .problem = there->problem});
    }
    return true;
  }

  std::optional<int64_t> folder_called(std::string_view path) {
    int64_t folder = 1;
    bool any = false;
    while (!path.empty()) {
      const size_t slash = std::min(path.find('/'), path.size());
      const std::string_view name = path.substr(0, slash);
      path.remove_prefix(std::min(path.size(), slash + 1));
      if (name.empty() || name == ".") continue;
      const auto row = reader_.find_group(Grouping::kFolder, folder, name);
      if (!row) return std::nullopt;
      folder = row->key;
      any = true;
    }
    return any ? std::optional(folder) : std::nullopt;
  }

  // A catalog that somebody sent may name a folder above as one below.
  void add_below(int64_t top) {
    std::vector<int64_t> folders{top};
    std::unordered_set<int64_t> met{top};
    while (!folders.empty()) {
      const int64_t folder = folders.back();
      folders.pop_back();
      reader_.assets(Grouping::kFolder, folder, 0, [&](const AssetRow& row) {
        if (!row.is_link()) add(row.id);
        return true;
      });
      reader_.groups(Grouping::kFolder, folder, 0, [&](const GroupRow& row) {
        if (met.insert(row.key).second) folders.push_back(row.key);
        return true;
      });
    }
  }

  // As a path below originals/: names that begin as it does are compared.
  std::string most_like(const std::string& item) {
    constexpr size_t kBeginning = 3;
    const std::string name = fold(item.substr(item.rfind('/') + 1));
    std::vector<std::string> names;
    std::vector<int64_t> assets;
    if (name.size() > kBeginning && is_utf8(name)) {
      QueryTerm word;
      word.text = name.substr(0, kBeginning);
      if (is_utf8(word.text) && has_letters(word.text)) {
        search(reader_, {word}, 0, [&](int64_t asset) {
          assets.push_back(asset);
          return assets.size() < kMostCompared;
        });
      }
    }
    for (const int64_t asset : assets) {
      const auto found = reader_.asset(asset);
      names.push_back(found ? fold(found->name) : std::string());
    }
    const auto meant = most_similar(name, names);
    if (!meant) return {};
    const int64_t asset = assets[static_cast<size_t>(std::find(names.begin(), names.end(), *meant) - names.begin())];
    const auto entries = reader_.folder_entries(asset);
    if (entries.empty()) return {};
    const auto& [folder, entry] = entries.front();
    return join_path(reader_.group_path(Grouping::kFolder, folder), entry);
  }

  static bool has_letters(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  }

  Reader& reader_;
  const AtPath& at_path_;
  FoundItems found_;
  std::unordered_set<int64_t> known_;
};

}  // namespace

FoundItems find_items(Reader& reader, const Items& items, const AtPath& at_path) {
  if (items.is_empty()) fail(EINVAL, "nothing is named");
  ItemFinder finder(reader, at_path);
  for (const std::string& item : items.named) finder.add_named(item);
  if (!items.query.empty()) finder.add_found(items.query);
  return finder.take();
}

}  // namespace damfs
