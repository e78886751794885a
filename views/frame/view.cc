// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/view.h"

#include <cerrno>

#include "catalog/base/error.h"

namespace damfs {

std::optional<int64_t> View::key_of(Group group) const {
  if (group.grouping != grouping_) return std::nullopt;
  return group.key == top_key(grouping_) ? 0 : group.key;
}

void View::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  (void)reader;
  const GroupingRow& grouping = row_of(grouping_);
  if (grouping.is_flat && !asset.row.is_in_flat_views()) return;
  if (const auto key = key_in(asset.row, grouping)) visit(*key, asset.name);
}

std::optional<GroupRow> View::folder(Reader& reader, int64_t key) const {
  const Group group = group_of(key);
  auto row = reader.group(group.grouping, group.key);
  if (!row) return std::nullopt;
  row->key = key;
  // The three stored trees have their top at 1 where a view has it at 0.
  row->parent = key_of({group.grouping, row->parent}).value_or(0);
  return row;
}

std::optional<GroupRow> View::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  const Group group = group_of(key);
  return reader.find_group(group.grouping, group.key, name);
}

void View::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  const Group group = group_of(key);
  reader.groups(group.grouping, group.key, after, visit);
}

std::optional<FoundAsset> View::find_asset(Reader& reader, int64_t key, std::string_view name) const {
  const Group group = group_of(key);
  return reader.find_asset(group.grouping, group.key, name);
}

std::optional<GroupRow> View::find_folder_of_any_spelling(Reader& reader, int64_t key, std::string_view name) const {
  return find_folder(reader, key, name);
}

std::optional<FoundAsset> View::find_asset_of_any_spelling(Reader& reader, int64_t key, std::string_view name) const {
  return find_asset(reader, key, name);
}

std::vector<FoundAsset> View::assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const {
  const Group group = group_of(key);
  return reader.assets_with_stem(group.grouping, group.key, stem);
}

void View::assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const {
  const Group group = group_of(key);
  reader.assets(group.grouping, group.key, after, visit);
}

void View::names_in(Reader& reader, int64_t key, const FoundAsset& asset, const NameVisitor& visit) const {
  names(reader, asset, [&](int64_t in, std::string_view name) {
    if (in == key) visit(in, name);
  });
}

namespace {

[[noreturn]] void refuse(const View& view) { fail(EROFS, "{}/ cannot be changed", view.name()); }

}  // namespace

std::optional<std::string> View::folder_xattr(Reader&, int64_t, std::string_view) const { return std::nullopt; }
void View::set_folder_xattr(Writer&, int64_t, std::string_view, std::string_view) const { refuse(*this); }
void View::require_takes_files(Reader&, int64_t) const {
  if (filing() == Filing::kNone) fail(EROFS, "{}/ takes no files", name());
}
View::Sealed View::seal(Writer&, const SealedFile&, int64_t, std::string_view) const { refuse(*this); }
void View::add(Writer&, int64_t, std::string_view, int64_t) const { refuse(*this); }
void View::remove(Writer&, const Actor&, int64_t, const FoundAsset&) const { refuse(*this); }
bool View::move(Writer&, const Actor&, int64_t, const FoundAsset&, int64_t, std::string_view,
                const std::optional<FoundAsset>&) const {
  refuse(*this);
}
void View::take(Writer& writer, const Actor& actor, const View& from, int64_t from_key, const FoundAsset& asset,
                int64_t key, std::string_view name) const {
  add(writer, key, name, asset.row.id);
  if (from.is_removed_by_move()) from.remove(writer, actor, from_key, asset);
}
int64_t View::make_folder(Writer&, int64_t, std::string_view) const { refuse(*this); }
void View::remove_folder(Writer&, int64_t) const { refuse(*this); }
void View::remove_all(Writer&, int64_t) const { refuse(*this); }
void View::move_folder(Writer&, int64_t, int64_t, std::string_view) const { refuse(*this); }
void View::set_folder(Writer&, int64_t, const AttributeChange&) const { refuse(*this); }

Ownership ownership_of(const AttributeChange& change) {
  Ownership ownership;
  if (change.mode) ownership.mode = *change.mode & 07777;
  ownership.uid = change.uid;
  ownership.gid = change.gid;
  return ownership;
}

// --- the stored trees -----------------------------------------------------------------------------------

int64_t TreeView::make_folder(Writer& writer, int64_t key, std::string_view name) const {
  const Group in = group_of(key);
  return *key_of({in.grouping, writer.make_group(in.grouping, in.key, name)});
}

void TreeView::remove_folder(Writer& writer, int64_t key) const {
  if (key == 0) fail(EBUSY, "{}/ itself stays", name());
  const Group group = group_of(key);
  writer.remove_group(group.grouping, group.key);
}

void TreeView::move_folder(Writer& writer, int64_t key, int64_t to_key, std::string_view to) const {
  if (key == 0) fail(EBUSY, "{}/ itself stays", name());
  const Group group = group_of(key);
  writer.move_group_to(group.grouping, group.key, group_of(to_key).key, to);
}

void TreeView::set_folder(Writer&, int64_t, const AttributeChange&) const {
  // Taken and not kept: nobody's copying tool is to fail because of a tag's time.
}

}  // namespace damfs
