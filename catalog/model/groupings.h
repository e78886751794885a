// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/base/numbers.h"
#include "catalog/media/facts.h"

namespace damfs {

struct AssetRow;

// How the groups of a grouping are kept.
enum class GroupForm : uint8_t {
  kTree,   // rows of a table, each below another; what is in one is put there by hand
  kLabel,  // rows of a table, made when the first asset comes that has it; an asset is in one at the most
  kValue,  // the values of a column; an asset is in one at the most
  kOwn,    // what has its own statements and rules, or no groups at all
};

// One row a grouping. Whoever lists, finds, counts, checks or searches groups goes by it, so that a new property of
// assets is a row here, a schema step, and a view.
struct GroupingRow {
  Grouping grouping = Grouping::kAll;
  GroupForm form = GroupForm::kOwn;
  // What statements (sql/mount.sql), query terms and messages call one group. Of kTree and kLabel the table's name too.
  std::string_view name;

  // kTree: its table's columns besides id, parent_id, name and changed_ns, as SQL that goes on behind those.
  std::string_view more{};

  // kLabel, kValue: the column of `asset` that says which group it is in; NULL: in none. Empty: it follows from others.
  std::string_view column{};
  // kValue: the same as an expression in which {a} stands before columns; empty: the column itself.
  std::string_view key{};
  // kValue: a condition, whether the asset is in a group at all; empty: always.
  std::string_view holds{};
  // kValue: the same as `key` and `holds`, of a row.
  std::optional<int64_t> (*key_of)(const AssetRow&) = nullptr;

  // kLabel: what a file's facts say, as a folder's name; empty: nothing. And a condition on columns of `technical` t
  // that holds for just those facts.
  std::string (*label_of)(const MediaFacts&) = nullptr;
  std::string_view has_label{};

  bool is_flat = false;      // of exact copies only the one that stands for them is in its groups
  bool is_name = false;      // an asset in a group has a name there, which counts among its links
  bool is_of_bytes = false;  // equal bytes are in the same group
  bool is_coarse = false;    // a group may hold most of the library
  bool narrows = false;      // a '+' below one of its groups leads to those in it that a query finds
  int64_t last = 0;          // kValue: the folders 1 to `last` are shown, empty ones too; 0: those that hold something
};

std::span<const GroupingRow> groupings();  // by number
// Of a number that there is none of, as a catalog that somebody sent may hold it: that of kAll, which has no groups.
const GroupingRow& row_of(Grouping grouping);

// The group that the asset is in; empty: in none, or that grouping does not say it of a row.
std::optional<int64_t> key_in(const AssetRow& asset, const GroupingRow& grouping);

// Those of form kLabel, by number: rows of assets have their labels in that order.
std::span<const GroupingRow* const> label_groupings();
inline constexpr size_t kMostLabelGroupings = 4;
using AssetLabels = std::array<int64_t, kMostLabelGroupings>;  // ids; 0: none

// The key of a grouping's own top (that of by-date/, by-tag/ …).
int64_t top_key(Grouping grouping);

// --- pieces of SQL; `a` is what stands before each column of the asset: "a.", "asset." or "" ---

std::string with_asset(std::string_view sql, std::string_view a);  // {a} replaced
// The group that an asset is in, NULL for none: of those that `shelf` counts.
std::string key_sql(const GroupingRow& grouping, std::string_view a);
bool is_counted(const GroupingRow& grouping);
// How many names an asset has in the mount, recent/ apart.
std::string count_of_names_sql(std::string_view a);

}  // namespace damfs
