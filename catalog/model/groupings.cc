// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/groupings.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/names.h"
#include "catalog/model/rows.h"

namespace damfs {
namespace {

// The model, behind the make unless the model says it already.
std::string camera_name(const MediaFacts& facts) {
  const std::string_view make = facts.make;
  const std::string_view model = facts.model;
  if (make.empty() && model.empty()) return {};
  const std::string_view first_word = make.substr(0, make.find(' '));
  const bool told = !first_word.empty() && fold(model).starts_with(fold(first_word));
  if (make.empty() || told) return portable_name(model);
  if (model.empty()) return portable_name(make);
  return portable_name(fmt::format("{} {}", make, model));
}

constexpr GroupingRow kGroupings[] = {
    // long: a table
    {.grouping = Grouping::kAll, .name = "all"},
    {.grouping = Grouping::kFolder, .form = GroupForm::kTree, .name = "folder", .more = ", mtime_ns, mode, uid, gid"},
    {.grouping = Grouping::kTag, .form = GroupForm::kTree, .name = "tag", .narrows = true},
    {.grouping = Grouping::kAlbum,
     .form = GroupForm::kTree,
     .name = "album",
     .more = ", query, numbered",
     .narrows = true},
    {.grouping = Grouping::kCamera,
     .form = GroupForm::kLabel,
     .name = "camera",
     .column = "camera_id",
     .label_of = camera_name,
     .has_label = "t.make <> '' OR t.model <> ''",
     .is_flat = true,
     .is_name = true,
     .is_of_bytes = true,
     .narrows = true},
    {.grouping = Grouping::kDay,
     .form = GroupForm::kValue,
     .name = "day",
     .column = "day",
     .key_of = [](const AssetRow& asset) { return std::optional(asset.day); },
     .is_flat = true,
     .is_name = true,
     .narrows = true},
    {.grouping = Grouping::kYear,
     .form = GroupForm::kValue,
     .name = "year",
     .key = "{a}day / 512 * 512",
     .key_of =
         [](const AssetRow& asset) {
           return std::optional(Day{Day::from_key(asset.day).year, 0, 0}.key());
         },
     .is_flat = true,
     .narrows = true},
    {.grouping = Grouping::kKind,
     .form = GroupForm::kValue,
     .name = "type",
     .column = "kind",
     .key_of = [](const AssetRow& asset) { return std::optional(static_cast<int64_t>(asset.kind)); },
     .is_flat = true,
     .is_name = true,
     .is_of_bytes = true,
     .is_coarse = true,
     .narrows = true,
     .last = static_cast<int64_t>(Kind::kOther)},
    {.grouping = Grouping::kRating,
     .form = GroupForm::kValue,
     .name = "rating",
     .column = "rating",
     .holds = "{a}rating BETWEEN 1 AND 5",
     .key_of = [](const AssetRow& asset) { return asset.rating.value_or(0) >= 1 ? asset.rating : std::nullopt; },
     .is_name = true,
     .narrows = true,
     .last = 5},
    {.grouping = Grouping::kRecent, .name = "recent", .is_flat = true, .narrows = true},
    {.grouping = Grouping::kTrash, .name = "trash"},
    {.grouping = Grouping::kInbox, .name = "inbox"},
    {.grouping = Grouping::kVersions, .name = "versions"},
    {.grouping = Grouping::kPacks, .name = "packs"},
    {.grouping = Grouping::kDuplicates, .name = "duplicates"},
    {.grouping = Grouping::kLens,
     .form = GroupForm::kLabel,
     .name = "lens",
     .column = "lens_id",
     .label_of = [](const MediaFacts& facts) { return facts.lens.empty() ? "" : portable_name(facts.lens); },
     .has_label = "t.lens <> ''",
     .is_flat = true,
     .is_name = true,
     .is_of_bytes = true,
     .narrows = true},
};

constexpr bool are_at_their_numbers() {
  for (size_t i = 0; i < std::size(kGroupings); ++i) {
    if (static_cast<size_t>(kGroupings[i].grouping) != i) return false;
  }
  return true;
}
static_assert(are_at_their_numbers());

constexpr size_t kLabelGroupings = std::count_if(std::begin(kGroupings), std::end(kGroupings),
                                                 [](const GroupingRow& row) { return row.form == GroupForm::kLabel; });
static_assert(kLabelGroupings <= kMostLabelGroupings);

}  // namespace

std::span<const GroupingRow> groupings() { return kGroupings; }

const GroupingRow& row_of(Grouping grouping) {
  const auto number = static_cast<size_t>(grouping);
  return kGroupings[number < std::size(kGroupings) ? number : 0];
}

std::optional<int64_t> key_in(const AssetRow& asset, const GroupingRow& grouping) {
  if (grouping.key_of != nullptr) return grouping.key_of(asset);
  const auto labels = label_groupings();
  const auto at = std::find(labels.begin(), labels.end(), &grouping);
  if (at == labels.end()) return std::nullopt;
  const int64_t label = asset.labels[static_cast<size_t>(at - labels.begin())];
  return label == 0 ? std::nullopt : std::optional(label);
}

std::span<const GroupingRow* const> label_groupings() {
  static const auto kLabels = [] {
    std::array<const GroupingRow*, kLabelGroupings> labels{};
    size_t at = 0;
    for (const GroupingRow& row : kGroupings) {
      if (row.form == GroupForm::kLabel) labels[at++] = &row;
    }
    return labels;
  }();
  return kLabels;
}

int64_t top_key(Grouping grouping) { return row_of(grouping).form == GroupForm::kTree ? 1 : 0; }

std::string with_asset(std::string_view sql, std::string_view a) {
  constexpr std::string_view kMark = "{a}";
  std::string text;
  for (size_t at = sql.find(kMark); at != sql.npos; at = sql.find(kMark)) {
    text.append(sql.substr(0, at)).append(a);
    sql.remove_prefix(at + kMark.size());
  }
  return text.append(sql);
}

bool is_counted(const GroupingRow& grouping) {
  return grouping.form == GroupForm::kLabel || grouping.form == GroupForm::kValue;
}

std::string key_sql(const GroupingRow& grouping, std::string_view a) {
  const std::string key = grouping.key.empty() ? fmt::format("{}{}", a, grouping.column) : with_asset(grouping.key, a);
  return grouping.holds.empty() ? key : fmt::format("iif({}, {}, NULL)", with_asset(grouping.holds, a), key);
}

std::string count_of_names_sql(std::string_view a) {
  std::string flat = "0";
  std::string others;
  for (const GroupingRow& row : kGroupings) {
    if (!row.is_name) continue;
    (row.is_flat ? flat : others) += fmt::format(" + ({} IS NOT NULL)", key_sql(row, a));
  }
  return with_asset(
      fmt::format("((SELECT count(*) FROM trash WHERE asset_id = {{a}}id AND hidden = 0) + CASE {{a}}state WHEN 0 THEN "
                  "(SELECT count(*) FROM folder_entry WHERE asset_id = {{a}}id) + "
                  "(SELECT count(*) FROM asset_tag WHERE asset_id = {{a}}id) + "
                  "(SELECT count(*) FROM album_item WHERE asset_id = {{a}}id) + ({{a}}standing = 0) * ({}){} + "
                  "({{a}}blob_id <> 0 AND EXISTS (SELECT 1 FROM asset o WHERE o.blob_id = {{a}}blob_id AND "
                  "o.reach = {{a}}reach AND o.blob_id <> 0 AND o.id <> {{a}}id)) + "
                  "((SELECT count(*) FROM version WHERE asset_id = {{a}}id) > 1) ELSE 0 END)",
                  flat, others),
      a);
}

}  // namespace damfs
