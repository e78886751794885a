// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "catalog/acts/completing.h"
#include "catalog/base/names.h"
#include "catalog/media/charsets.h"
#include "catalog/model/catalog.h"
#include "catalog/model/read/beginnings.h"
#include "catalog/model/search/query.h"
#include "fs/cli/command.h"
#include "views/derive/clip_layout.h"
#include "views/derive/still_profile.h"
#include "views/frame/view.h"

namespace damfs {
namespace {

constexpr int64_t kMostMatches = 200;

using Names = std::vector<std::string>;

Names beginning_with(Names names, std::string_view prefix) {
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  return names;
}

// A word of `damfs find`.
Names words_like(Reader& reader, std::string_view prefix) {
  for (const auto& [field, grouping] : {std::pair("tag:", Grouping::kTag), std::pair("album:", Grouping::kAlbum)}) {
    if (!prefix.starts_with(field)) continue;
    std::string_view value = prefix.substr(std::string_view(field).size());
    if (value.starts_with('"')) value.remove_prefix(1);
    Names names = groups_like(reader, grouping, value, kMostMatches);
    for (std::string& name : names) {
      const bool is_one_word = name.find_first_of(" \t") == std::string::npos;
      name = field + (is_one_word ? name : "\"" + name + "\"");
    }
    return names;
  }
  Names fields = query_fields();
  for (std::string& field : fields) field += ':';
  std::sort(fields.begin(), fields.end());
  return beginning_with(std::move(fields), prefix);
}

Names profile_names(const Library& library) {
  Names names(std::begin(kBuiltInPreviews), std::end(kBuiltInPreviews));
  for (const PreviewSetting& each : library.config().previews) {
    if (std::ranges::find(names, each.name) == names.end()) names.push_back(each.name);
  }
  for (const ClipProfile& each : clip_profiles()) names.emplace_back(each.name);
  return names;
}

Names view_names() {
  Names names;
  for (const auto& view : make_views()) names.emplace_back(view->name());
  return names;
}

Names matches_of(const std::string& what, const std::string& prefix, const Globals& globals) {
  if (what == "views") return beginning_with(view_names(), prefix);
  if (what == "encodings") {
    Names names{std::string(kAutoCharset)};
    for (const Charset& each : charsets()) names.emplace_back(each.name);
    return beginning_with(std::move(names), prefix);
  }
  const Library library(globals.library_root(), globals.foreign_owner);
  if (what == "profiles") return beginning_with(profile_names(library), prefix);
  Catalog catalog(library.catalog());
  const auto reader = catalog.reader();
  if (what == "tags") return groups_like(*reader, Grouping::kTag, prefix, kMostMatches);
  if (what == "albums") return groups_like(*reader, Grouping::kAlbum, prefix, kMostMatches);
  if (what == "folders") return groups_like(*reader, Grouping::kFolder, prefix, kMostMatches);
  if (what == "labels") return labels_beginning(*reader, prefix, kMostMatches);
  return what == "items" ? items_like(*reader, prefix, kMostMatches) : words_like(*reader, prefix);
}

}  // namespace

void add_complete(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("complete", "Tell a shell what a word that is being typed may become");
  verb->group("");
  auto what = std::make_shared<std::string>();
  auto prefix = std::make_shared<std::string>();
  verb->add_option("WHAT", *what, "Of what kind")
      ->required()
      ->check(
          CLI::IsMember({"tags", "albums", "labels", "views", "profiles", "items", "folders", "encodings", "words"}));
  verb->add_option("PREFIX", *prefix, "What was typed of it");
  verb->callback([what, prefix, &globals] {
    int64_t told = 0;
    for (const std::string& name : matches_of(*what, *prefix, globals)) {
      // A name is a line, and none may tell a terminal anything but itself.
      if (printable(name) != name) continue;
      fmt::print("{}\n", name);
      if (++told == kMostMatches) return;
    }
  });
}

}  // namespace damfs
