// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/check.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

constexpr size_t kMostProblems = 20;

// Each gives a row for what is wrong, its first column saying which.
struct Check {
  StatementName name;
  std::string_view sentence;
};

constexpr Check kAssetChecks[] = {
    {"check_current_version", "asset {} has no current version"},
    {"check_versions_of_absorbed", "asset {} became another's, and versions of it are left where nobody sees them"},
    {"check_blob_of_asset", "asset {} is told from its copies by other bytes than it has"},
    {"check_standing", "asset {} stands for its copies and is none, or the other way round"},
    {"check_count_of_versions", "asset {} has a wrong count of versions"},
    {"check_version_numbers", "asset {} has a version whose number it has not given"},
    {"check_size_and_time", "asset {} shows another size or time than its current version has"},
    {"check_shown_facts", "asset {} shows another type, raster or clip than its current version has"},
    {"check_day", "asset {} stands in another day than it was captured on"},
    {"check_words", "asset {} has no words, not even empty ones"},
    {"check_has_entry", "asset {} is in no folder of originals/, and not in the trash either"},
    {"check_has_no_entry", "asset {} has a name in originals/ and is not shown"},
};

constexpr Check kGroupChecks[] = {
    {"check_recent_floor", "the counter {} is wrong"},
    {"check_folders_hang_together", "folder {} is not below originals/"},
    {"check_tags_hang_together", "tag {} is not below by-tag/"},
    {"check_albums_hang_together", "album {} is not below albums/"},
};

constexpr Check kBlobChecks[] = {
    {"check_locations", "blob {} is nowhere"},
    {"check_blob_is_used", "blob {} belongs to no asset"},
    {"check_count_of_holders", "blob {} has a wrong count of the assets that hold it"},
    {"check_blob_is_known", "of blob {} it is not known what it is"},
    {"check_counters", "the counter {} is wrong"},
};

// A member's id is blob << 20 | number; above the top ones stands 0xFFFFF.
constexpr Check kArchiveChecks[] = {
    {"check_members_have_a_pack", "blob {} has members and is no archive"},
    {"check_members_have_a_folder", "member {} is in no folder of its archive"},
    {"check_primary_members", "archive {} is shown by a member that it does not have"},
    {"check_inner_archives", "member {} is in an archive that is not there"},
    {"check_maps_have_a_material", "member {} is a map of no material of its archive"},
    {"check_materials_have_maps", "material {} has no maps"},
    {"check_packs_have_a_name", "asset {} is an archive without a name in packs/"},
    {"check_copies_have_a_member", "asset {} is said to be a copy of what is in no archive"},
};

constexpr Check kSearchChecks[] = {
    {"check_search_index_is_whole", "asset {} is missing from the search index"},
    {"check_search_words", "asset {} is found by other words than it has"},
};

void run_check(db::Statement& statement, std::string_view sentence, std::vector<std::string>& problems) {
  db::Use rows(statement);
  while (problems.size() < kMostProblems && rows->step()) {
    problems.push_back(fmt::format(fmt::runtime(sentence), rows->text(0)));
  }
}

// What is counted once a commit, against what is there.
void check_groupings(Reader& reader, std::vector<std::string>& problems) {
  run_check(reader.statement("check_count_of_names"), "asset {} has a wrong count of names", problems);
  for (const GroupingRow& grouping : groupings()) {
    if (!is_counted(grouping)) continue;
    run_check(reader.statements().of(grouping, "check_count_in_{counted}"),
              fmt::format("{} {{}} has a wrong count of assets", grouping.name), problems);
  }
  for (const GroupingRow* label : label_groupings()) {
    run_check(reader.statements().of(*label, "check_{label}_of_asset"),
              fmt::format("asset {{}} shows another {} than its current version has", label->name), problems);
  }
}

void run_checks(Reader& reader, std::span<const Check> checks, std::vector<std::string>& problems) {
  for (const auto& [name, sentence] : checks) run_check(reader.statement(name), sentence, problems);
}

}  // namespace

std::vector<std::string> check_catalog(Reader& reader) {
  std::vector<std::string> problems;
  try {
    // From SQLite 3.44 on the check is also of the search index, but with what the connection knew of it when it last
    // read it; so it reads it now.
    db::Use(reader.statement("any_indexed_asset"))->step();
    db::Statement integrity(reader.database(), "PRAGMA integrity_check(20)");
    while (integrity.step()) {
      if (integrity.text(0) != "ok") problems.emplace_back(integrity.text(0));
    }
    db::Statement references(reader.database(), "PRAGMA foreign_key_check");
    run_check(references, "table {} refers to something that is not there", problems);
    for (const std::span<const Check> checks :
         {std::span<const Check>(kAssetChecks), std::span<const Check>(kGroupChecks),
          std::span<const Check>(kBlobChecks), std::span<const Check>(kArchiveChecks),
          std::span<const Check>(kSearchChecks)}) {
      run_checks(reader, checks, problems);
    }
    check_groupings(reader, problems);
  } catch (const Error& error) {
    problems.emplace_back(error.what());
  }
  return problems;
}

std::vector<DamagedRow> damaged_blobs(Reader& reader) {
  std::vector<DamagedRow> found;
  db::Use rows(reader.statement("damaged_blobs"));
  while (rows->step()) {
    if (const auto digest = Digest::from_bytes(rows->text(0))) {
      found.push_back({*digest, std::string(rows->text(1)), rows->integer(2)});
    }
  }
  return found;
}

void each_object(Reader& reader, const std::function<void(const Digest& sha256, int64_t size)>& visit) {
  db::Use rows(reader.statement("all_objects"));
  while (rows->step()) {
    if (const auto digest = Digest::from_bytes(rows->text(0))) visit(*digest, rows->integer(1));
  }
}

}  // namespace damfs
