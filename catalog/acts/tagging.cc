// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/tagging.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "catalog/base/names.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

std::optional<int64_t> group_called(Writer& writer, Grouping grouping, const std::string& name) {
  return grouping == Grouping::kTag ? writer.tag_called(name) : writer.find_group(grouping, name);
}

// In one act, what `work` does to the group of that name.
Tagged change_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::function<void(Writer&, int64_t group, Tagged&)>& work) {
  Tagged tagged;
  catalog.write(act, [&](Writer& writer) {
    tagged = {};
    const auto group = group_called(writer, grouping, name);
    if (group) {
      work(writer, *group, tagged);
    } else {
      tagged.missing = name;
    }
  });
  return tagged;
}

}  // namespace

Tagged add_to_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::vector<int64_t>& assets) {
  Tagged tagged;
  catalog.write(act, [&](Writer& writer) {
    tagged = {};
    const int64_t group = writer.ensure_group(grouping, name);
    for (const int64_t asset : assets) tagged.changed += writer.add_member(grouping, asset, group) ? 1 : 0;
  });
  return tagged;
}

Tagged remove_from_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                         const std::vector<int64_t>& assets) {
  return change_group(catalog, act, grouping, name, [&](Writer& writer, int64_t group, Tagged& tagged) {
    for (const int64_t asset : assets) tagged.changed += writer.remove_member(grouping, asset, group) ? 1 : 0;
  });
}

Tagged rename_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::string& new_name) {
  return change_group(catalog, act, grouping, name,
                      [&](Writer& writer, int64_t group, Tagged&) { writer.move_group(grouping, group, new_name); });
}

Tagged merge_groups(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name,
                    const std::string& into) {
  return change_group(catalog, act, grouping, name, [&](Writer& writer, int64_t group, Tagged& tagged) {
    if (const auto other = group_called(writer, grouping, into)) return writer.merge_group(grouping, group, *other);
    tagged.missing = into;
  });
}

Tagged delete_group(Catalog& catalog, const Act& act, Grouping grouping, const std::string& name) {
  return change_group(catalog, act, grouping, name,
                      [&](Writer& writer, int64_t group, Tagged&) { writer.delete_group(grouping, group); });
}

void list_groups(Reader& reader, Grouping grouping, const std::function<void(const ListedGroup&)>& visit) {
  struct Ahead {
    int64_t key;
    ListedGroup group;
  };
  std::vector<Ahead> ahead;  // the next one last
  // A catalog that somebody sent may name a group above as one below, and be deeper than any stack.
  std::unordered_set<int64_t> met{top_key(grouping)};
  const auto go_below = [&](int64_t key, const std::string& path) {
    const auto first = ahead.size();
    reader.groups(grouping, key, 0, [&](const GroupRow& row) {
      if (met.insert(row.key).second)
        ahead.push_back({row.key, {join_path(path, row.name), 0, row.query, row.numbered}});
      return true;
    });
    std::reverse(ahead.begin() + static_cast<std::ptrdiff_t>(first), ahead.end());
  };
  go_below(top_key(grouping), "");
  while (!ahead.empty()) {
    auto [key, group] = std::move(ahead.back());
    ahead.pop_back();
    if (group.query.empty()) {
      reader.assets(grouping, key, 0, [&](const AssetRow&) { return ++group.assets > 0; });
    } else {
      search(reader, parse_query(group.query), 0, [&](int64_t) { return ++group.assets > 0; });
    }
    visit(group);
    go_below(key, group.name);
  }
}

std::optional<std::string> album_query(Catalog& catalog, const std::string& album) {
  std::optional<std::string> query;
  catalog.write([&](Writer& writer) {
    query.reset();
    if (const auto group = writer.find_group(Grouping::kAlbum, album)) query = writer.album_query(*group);
  });
  return query;
}

Tagged set_album_query(Catalog& catalog, const Act& act, const std::string& album, const std::string& query) {
  if (query.empty()) {
    return change_group(catalog, act, Grouping::kAlbum, album,
                        [](Writer& writer, int64_t group, Tagged&) { writer.set_album_query(group, ""); });
  }
  catalog.write(act,
                [&](Writer& writer) { writer.set_album_query(writer.ensure_group(Grouping::kAlbum, album), query); });
  return {};
}

Tagged set_album_numbers(Catalog& catalog, const Act& act, const std::string& album, bool shown) {
  return change_group(catalog, act, Grouping::kAlbum, album,
                      [shown](Writer& writer, int64_t group, Tagged&) { writer.set_album_numbers(group, shown); });
}

}  // namespace damfs
