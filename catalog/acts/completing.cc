// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/completing.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "catalog/model/read/beginnings.h"

namespace damfs {
namespace {

// The folder, tag or album that a path names as far as its last slash, and what comes behind that.
struct Typed {
  std::optional<int64_t> key;
  std::string path;  // with its slash
  std::string_view name;
};

Typed typed_below(Reader& reader, Grouping grouping, std::string_view text) {
  Typed typed{top_key(grouping), "", text};
  for (size_t slash = text.find('/'); slash != std::string_view::npos; slash = typed.name.find('/')) {
    const auto group = reader.find_group(grouping, *typed.key, typed.name.substr(0, slash));
    if (!group || group->key == *typed.key) return {};
    typed.key = group->key;
    typed.path += group->name + "/";
    typed.name.remove_prefix(slash + 1);
  }
  return typed;
}

}  // namespace

std::vector<std::string> groups_like(Reader& reader, Grouping grouping, std::string_view typed, int64_t most) {
  const Typed below = typed_below(reader, grouping, typed);
  if (!below.key) return {};
  auto names = groups_beginning(reader, grouping, *below.key, below.name, most);
  for (std::string& name : names) name = below.path + name;
  return names;
}

std::vector<std::string> items_like(Reader& reader, std::string_view typed, int64_t most) {
  auto names = groups_like(reader, Grouping::kFolder, typed, most);
  for (std::string& name : names) name += "/";
  if (typed.find('/') == std::string_view::npos) {
    std::ranges::move(labels_beginning(reader, typed, most), std::back_inserter(names));
    return names;
  }
  const Typed below = typed_below(reader, Grouping::kFolder, typed);
  if (!below.key) return names;
  for (const std::string& name : entries_beginning(reader, *below.key, below.name, most)) {
    names.push_back(below.path + name);
  }
  return names;
}

}  // namespace damfs
