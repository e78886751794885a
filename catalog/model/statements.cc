// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/statements.h"

#include <fmt/format.h>

#include <stdexcept>
#include <unordered_map>

#include "catalog/base/error.h"
#include "catalog/model/groupings.h"
#include "sql.h"

namespace damfs {
namespace {

// Whatever is the same in all statements that give assets.
constexpr std::string_view kNames =
    "a.names + (a.state = 0 AND a.standing = 0 AND a.id >= (SELECT value FROM counter WHERE name = 'recent_floor'))";
constexpr std::string_view kAsset =
    "a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns, {names}, a.kind, a.still_width, a.still_height, a.day, "
    "a.rating, a.clip, p.version_id, p.size, p.mtime_ns, a.mode, a.uid, a.gid, a.state, p.mode, p.uid, p.gid, "
    "a.standing, a.data_bytes{labels}";
constexpr int kFirstLabel = 12;  // parameter of show_version

std::string replaced(std::string text, std::string_view mark, std::string_view by) {
  for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

std::string for_all(std::string text) {
  std::string columns;
  std::string assignments;
  std::string keys;
  int parameter = kFirstLabel;
  for (const GroupingRow* each : label_groupings()) {
    columns += fmt::format(", a.{}", each->column);
    assignments += fmt::format(", {} = ?{}", each->column, parameter++);
  }
  for (const GroupingRow& each : groupings()) {
    if (is_counted(each)) keys += ", " + key_sql(each, "");
  }
  text = replaced(std::move(text), "{asset}", kAsset);
  text = replaced(replaced(std::move(text), "{names}", kNames), "{labels}", columns);
  text = replaced(replaced(std::move(text), "{set_labels}", assignments), "{counted_keys}", keys);
  return replaced(std::move(text), "{count_of_names}", count_of_names_sql("asset."));
}

// The word in the name of a statement that is made for groupings of a form: "{tree}". Empty: that grouping has none.
std::string_view mark_for(std::string_view name, const GroupingRow& grouping) {
  const auto has = [&](std::string_view mark, bool is_one) { return is_one && name.find(mark) != name.npos; };
  if (has("{tree}", grouping.form == GroupForm::kTree)) return "{tree}";
  if (has("{label}", grouping.form == GroupForm::kLabel)) return "{label}";
  if (has("{column}", !grouping.column.empty())) return "{column}";
  if (has("{counted}", is_counted(grouping))) return "{counted}";
  return {};
}

std::string for_grouping(std::string text, std::string_view mark, const GroupingRow& grouping) {
  text = replaced(std::move(text), mark, grouping.name);
  text = replaced(replaced(std::move(text), "{more}", grouping.more), "{key}", grouping.column);
  text = replaced(std::move(text), "{flat}", grouping.is_flat ? " AND a.standing = 0" : "");
  if (is_counted(grouping)) text = replaced(std::move(text), "{group}", key_sql(grouping, "a."));
  text = replaced(std::move(text), "{number}", std::to_string(static_cast<int>(grouping.grouping)));
  return replaced(std::move(text), "{has_label}", grouping.has_label);
}

struct AllStatements {
  std::vector<std::pair<std::string, std::string>> all;
  std::vector<const GroupingRow*> grouping;  // of each of `all`; null: it is not of one
  std::vector<size_t> first;                 // by StatementName: where in `all` those made of it begin
  std::unordered_map<std::string_view, size_t> by_name;

  AllStatements() {
    for (const std::string_view file : sql::k_others) read(file);
    first.push_back(all.size());
    if (first.size() != std::size(sql::kStatementNames) + 1) throw std::logic_error("names of statements are stale");
    for (size_t i = 0; i < all.size(); ++i) {
      if (!by_name.emplace(all[i].first, i).second) throw std::logic_error("two statements " + all[i].first);
    }
  }

 private:
  void read(std::string_view rest) {
    static constexpr std::string_view kMark = "-- name: ";
    for (size_t at = rest.find(kMark); at != rest.npos; at = rest.find(kMark)) {
      rest.remove_prefix(at + kMark.size());
      const size_t line_end = rest.find('\n');
      const size_t end = rest.find(kMark, line_end);
      std::string text(rest.substr(line_end + 1, end == rest.npos ? end : end - line_end - 1));
      first.push_back(all.size());
      add(std::string(rest.substr(0, line_end)), for_all(std::move(text)));
    }
  }

  void add(const std::string& name, std::string text) {
    if (name.find('{') == name.npos) {
      all.emplace_back(name, std::move(text));
      grouping.push_back(nullptr);
      return;
    }
    for (const GroupingRow& each : groupings()) {
      const std::string_view mark = mark_for(name, each);
      if (mark.empty()) continue;
      all.emplace_back(replaced(name, mark, each.name), for_grouping(text, mark, each));
      grouping.push_back(&each);
    }
  }
};

const AllStatements& statements_of_all_files() {
  static const AllStatements kAll;
  return kAll;
}

}  // namespace

const std::vector<std::pair<std::string, std::string>>& all_statements() { return statements_of_all_files().all; }

Statements::Statements(db::Database& database) : database_(database), prepared_(all_statements().size()) {}

db::Statement& Statements::at(size_t number) {
  auto& slot = prepared_[number];
  if (!slot) slot = std::make_unique<db::Statement>(database_, all_statements()[number].second);
  return *slot;
}

db::Statement& Statements::operator[](StatementName name) { return at(statements_of_all_files().first[name.index()]); }

db::Statement& Statements::of(const GroupingRow& grouping, StatementName name) {
  const AllStatements& known = statements_of_all_files();
  for (size_t i = known.first[name.index()]; i < known.first[name.index() + 1]; ++i) {
    if (known.grouping[i] == &grouping) return at(i);
  }
  fail(EINVAL, "there is no {} of {}", sql::kStatementNames[name.index()], grouping.name);
}

db::Statement* Statements::find(std::string_view name) {
  const auto& by_name = statements_of_all_files().by_name;
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &at(found->second);
}

void Statements::clear() {
  for (auto& each : prepared_) each.reset();
}

}  // namespace damfs
