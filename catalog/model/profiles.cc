// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/profiles.h"

#include <algorithm>
#include <cerrno>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/model/catalog.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

std::vector<ProfileRow> rows_in(db::Statement& statement) {
  std::vector<ProfileRow> found;
  db::Use rows(statement);
  while (rows->step()) {
    found.push_back({rows->integer(0), std::string(rows->text(1)), std::string(rows->text(2)), rows->integer(3)});
  }
  return found;
}

std::vector<ProfileRow>::const_iterator find_in(const std::vector<ProfileRow>& rows, std::string_view name,
                                                std::string_view spec) {
  return std::find_if(rows.begin(), rows.end(),
                      [&](const ProfileRow& row) { return row.name == name && row.spec == spec; });
}

}  // namespace

std::vector<ProfileRow> profiles(Reader& reader) { return rows_in(reader.statement("still_profiles")); }

ProfileRow ensure_profile(Catalog& catalog, std::string_view name, std::string_view spec) {
  {
    const auto known = profiles(*catalog.reader());
    if (const auto row = find_in(known, name, spec); row != known.end()) return *row;
  }
  ProfileRow made;
  catalog.write([&](Writer& writer) {
    // Again, for another process may have been quicker.
    const auto known = rows_in(writer.statement("still_profiles"));
    if (const auto row = find_in(known, name, spec); row != known.end()) {
      made = *row;
      return;
    }
    made = {known.empty() ? ProfileCode::kFirstOfSettings : known.back().code + 1, std::string(name), std::string(spec),
            now_ns()};
    if (made.code > ProfileCode::kLastOfSettings) {
      fail(ENOSPC,
           "the preview '{}' cannot be added: a library has room for {} different ones, counting each change of one, "
           "and all were used. Give it the settings of an earlier one again (table still_profile of the catalog), or "
           "remove it from damfs.toml",
           name, ProfileCode::kLastOfSettings - ProfileCode::kFirstOfSettings + 1);
    }
    writer.statement("add_still_profile")
        .bind_all(made.code, std::string_view(made.name), std::string_view(made.spec), made.added_ns)
        .run();
  });
  return made;
}

}  // namespace damfs
