// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/items.h"

#include <fmt/format.h>

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "fs/mount/mounted_paths.h"

namespace damfs {
namespace {

std::string words_of(const MissedItem& missed) {
  switch (missed.why) {
    case MissedItem::Why::kAtPath: return missed.problem;
    case MissedItem::Why::kNothingFound: return fmt::format("`damfs find {}` finds nothing", printable(missed.item));
    case MissedItem::Why::kUnknown: break;
  }
  return fmt::format("nothing in the library is called '{}'; {}", printable(missed.item),
                     missed.meant.empty() ? "`damfs find` lists what there is"
                                          : fmt::format("did you mean '{}'?", printable(missed.meant)));
}

}  // namespace

std::string items_help() {
  return "An ITEM is a path below a mount, a path relative to originals/, a label as the flat folders show it, or #ID. "
         "A\nfolder means all that is below it.";
}

void add_items(CLI::App& verb, Items& items, const std::string& help) {
  verb.add_option("ITEM", items.named, help);
  verb.add_option("--query", items.query, "And all that `damfs find` finds for it");
}

std::vector<int64_t> resolve_items(Reader& reader, const Items& items, Globals& globals) {
  if (items.is_empty()) fail(EINVAL, "say which ITEM is meant, or --query");
  MountedItems mounted([&globals] { return globals.open_library(); });
  FoundItems found = find_items(reader, items, [&mounted](const std::string& item) { return mounted.at(item); });
  for (const MissedItem& missed : found.missed) fmt::print(stderr, "damfs: {}\n", words_of(missed));
  if (!found.missed.empty()) globals.exit_code = found.assets.empty() ? kFailed : kPartlyDone;
  return std::move(found.assets);
}

std::optional<int64_t> resolve_item(Reader& reader, const std::string& item, Globals& globals) {
  const auto found = resolve_items(reader, Items{{item}}, globals);
  if (found.size() > 1) fail(EINVAL, "'{}' is a folder; name one file", printable(item));
  return found.empty() ? std::nullopt : std::optional(found.front());
}

}  // namespace damfs
