// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/originals/originals_view.h"

#include <cerrno>

#include "catalog/base/error.h"

namespace damfs {

OriginalsView::OriginalsView() : TreeView(ViewCode::kOriginals, "originals", Grouping::kFolder) {}

std::optional<GroupRow> OriginalsView::find_folder_of_any_spelling(Reader& reader, int64_t key,
                                                                   std::string_view name) const {
  return reader.find_group(Grouping::kFolder, group_of(key).key, name, Spelling::kAny);
}

std::optional<FoundAsset> OriginalsView::find_asset_of_any_spelling(Reader& reader, int64_t key,
                                                                    std::string_view name) const {
  return reader.find_asset(Grouping::kFolder, group_of(key).key, name, Spelling::kAny);
}

namespace {

EntryRow entry_of(Writer& writer, int64_t folder, const std::string& name) {
  auto entry = writer.entry_at(folder, name);
  if (!entry) fail(ENOENT, "{} is gone", name);
  return *entry;
}

}  // namespace

View::Sealed OriginalsView::seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const {
  const FiledAs filed = writer.seal(file, group_of(key).key, name);
  return {filed.asset, writer.current_version(filed.asset) == file.version};
}

void OriginalsView::add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const {
  writer.add_entry(group_of(key).key, name, asset);
}

void OriginalsView::remove(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset) const {
  writer.trash_entry(entry_of(writer, group_of(key).key, asset.name), actor.uid);
}

bool OriginalsView::move(Writer& writer, const Actor&, int64_t key, const FoundAsset& asset, int64_t to_key,
                         std::string_view to, const std::optional<FoundAsset>& over) const {
  const EntryRow entry = entry_of(writer, group_of(key).key, asset.name);
  const int64_t folder = group_of(to_key).key;
  if (!over) {
    writer.move_entry(entry, folder, to);
    return true;
  }
  const int64_t version = writer.current_version(entry.asset);
  writer.replace_entry_by(entry_of(writer, folder, over->name), entry);
  return writer.current_version(writer.entry_at(folder, over->name)->asset) == version;
}

void OriginalsView::set_folder(Writer& writer, int64_t key, const AttributeChange& change) const {
  writer.set_folder(group_of(key).key, ownership_of(change), change.mtime_ns);
}

void OriginalsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const auto& [folder, name] : reader.folder_entries(asset.row.id))
    visit(*key_of({Grouping::kFolder, folder}), name);
}

}  // namespace damfs
