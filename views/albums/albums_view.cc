// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/albums/albums_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/model/write/album_numbers.h"
#include "views/frame/filing.h"
#include "views/frame/lens.h"
#include "views/search/query_folders.h"

namespace damfs {
namespace {

constexpr std::string_view kQuery = "user.damfs.query";
constexpr std::string_view kNumbered = "user.damfs.numbered";
constexpr std::array kAlbumXattrs = {kQuery, kNumbered};

// Whatever changed may have changed what a query finds.
void touch_if_smart(GroupRow& row, int64_t newest_ns) {
  if (!row.query.empty()) row.changed_ns = std::max(row.changed_ns, newest_ns);
}

bool is_numbered(Reader& reader, int64_t key) {
  const auto row = reader.group(Grouping::kAlbum, key);
  return row && row->numbered;
}

// The names of the assets of one album that shows numbers.
class Numbers {
 public:
  explicit Numbers(int64_t last) : last_(last) {}

  std::string name(int64_t position, std::string_view label, int64_t asset) const {
    std::string name = numbered_name(position, last_, label);
    // No label is too long a name, but this may be.
    return name.size() <= kMaxNameBytes ? name : with_suffix(name, fmt::format("{}{}", kAssetMark, asset));
  }
  // Makes the asset be called as it is in the album. False: not with these digits.
  bool rename(Reader& reader, int64_t album, std::string_view digits, FoundAsset& asset) const {
    const auto position = reader.album_position(album, asset.row.id);
    if (!position) return false;
    asset.name = name(*position, asset.name, asset.row.id);
    return asset.name.starts_with(digits) && asset.name.substr(digits.size(), 1) == " ";
  }

 private:
  int64_t last_;
};

// As it is shown there now.
std::string shown_in(Writer& writer, int64_t album, int64_t asset) {
  std::string label = writer.label_of(asset);
  const auto position = writer.position_in_album(asset, album);
  if (!position || !writer.shows_numbers(album)) return label;
  return Numbers(writer.last_position_in_album(album)).name(*position, label, asset);
}

}  // namespace

// The members of a smart album.
class AlbumsView::Smart {
 public:
  Smart(const std::string& query, ResultPages& pages)
      : criteria_{{}, parse_query(query)},
        members_(criteria_, pages, static_cast<uint64_t>(QueryFolders::key_of(query))) {}
  const QueryMembers* operator->() const { return &members_; }

 private:
  const Criteria criteria_;
  const QueryMembers members_;
};

AlbumsView::AlbumsView() : GroupView(ViewCode::kAlbums, "albums", Grouping::kAlbum) {}

std::unique_ptr<const AlbumsView::Smart> AlbumsView::smart(Reader& reader, int64_t key) const {
  const auto row = key == 0 ? std::nullopt : reader.group(Grouping::kAlbum, key);
  return row && !row->query.empty() ? std::make_unique<Smart>(row->query, pages_) : nullptr;
}

std::optional<GroupRow> AlbumsView::folder(Reader& reader, int64_t key) const {
  auto row = View::folder(reader, key);
  if (row && !row->query.empty()) touch_if_smart(*row, reader.newest_change_ns());
  return row;
}

std::optional<GroupRow> AlbumsView::find_folder(Reader& reader, int64_t key, std::string_view name) const {
  auto row = View::find_folder(reader, key, name);
  if (row && !row->query.empty()) touch_if_smart(*row, reader.newest_change_ns());
  return row;
}

void AlbumsView::folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const {
  const int64_t newest_ns = reader.newest_change_ns();
  View::folders(reader, key, after, [&](const GroupRow& found) {
    if (found.query.empty()) return visit(found);
    GroupRow row = found;
    touch_if_smart(row, newest_ns);
    return visit(row);
  });
}

std::optional<FoundAsset> AlbumsView::find_asset(Reader& reader, int64_t key, std::string_view name) const {
  if (const auto album = smart(reader, key)) return (*album)->find(reader, name);
  if (!is_numbered(reader, key)) return View::find_asset(reader, key, name);
  const auto split = split_number(name);
  auto found = split ? View::find_asset(reader, key, split->label) : std::nullopt;
  const Numbers numbers(reader.last_album_position(key));
  if (found && !numbers.rename(reader, key, split->digits, *found)) found.reset();
  return found;
}

std::vector<FoundAsset> AlbumsView::assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const {
  if (const auto album = smart(reader, key)) return (*album)->with_stem(reader, stem);
  if (!is_numbered(reader, key)) return View::assets_with_stem(reader, key, stem);
  const auto split = split_number(stem);
  if (!split) return {};
  auto found = View::assets_with_stem(reader, key, split->label);
  const Numbers numbers(reader.last_album_position(key));
  std::erase_if(found, [&](FoundAsset& asset) { return !numbers.rename(reader, key, split->digits, asset); });
  return found;
}

void AlbumsView::assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const {
  if (const auto album = smart(reader, key)) return (*album)->list(reader, after, visit);
  if (!is_numbered(reader, key)) return View::assets(reader, key, after, visit);
  const Numbers numbers(reader.last_album_position(key));
  View::assets(reader, key, after, [&](const AssetRow& found) {
    const std::string name = numbers.name(found.cursor, found.name, found.id);
    AssetRow row = found;
    row.name = name;
    return visit(row);
  });
}

void AlbumsView::names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const {
  for (const int64_t album : reader.albums(asset.row.id)) {
    std::string name = asset.name;
    if (is_numbered(reader, album)) {
      const auto position = reader.album_position(album, asset.row.id);
      name = Numbers(reader.last_album_position(album)).name(position.value_or(0), asset.name, asset.row.id);
    }
    visit(*key_of({Grouping::kAlbum, album}), name);
  }
}

void AlbumsView::names_in(Reader& reader, int64_t key, const FoundAsset& asset, const NameVisitor& visit) const {
  const auto album = smart(reader, key);
  if (!album) return View::names_in(reader, key, asset, visit);
  if ((*album)->has(reader, asset)) visit(key, asset.name);
}

std::span<const std::string_view> AlbumsView::folder_xattrs() const { return kAlbumXattrs; }

std::optional<std::string> AlbumsView::folder_xattr(Reader& reader, int64_t key, std::string_view name) const {
  const auto row = reader.group(Grouping::kAlbum, group_of(key).key);
  if (!row) return std::nullopt;
  if (name == kNumbered) return row->numbered ? std::optional<std::string>("1") : std::nullopt;
  return !row->query.empty() ? std::optional(row->query) : std::nullopt;
}

void AlbumsView::set_folder_xattr(Writer& writer, int64_t key, std::string_view name, std::string_view value) const {
  const int64_t album = group_of(key).key;
  if (name == kQuery) {
    writer.set_album_query(album, value);
    return;
  }
  if (!value.empty() && value != "0" && value != "1") fail(EINVAL, "{} is 1 or 0, not '{}'", name, printable(value));
  writer.set_album_numbers(album, value == "1");
}

// A number that changes changes with others, and in one go with the width of all of them.
bool AlbumsView::may_cache_names(Reader& reader, int64_t key) const { return key == 0 || !is_numbered(reader, key); }

void AlbumsView::require_takes_files(Reader& reader, int64_t key) const {
  GroupView::require_takes_files(reader, key);
  const auto row = reader.group(Grouping::kAlbum, key);
  if (row && !row->query.empty()) {
    fail(EROFS, "the album '{}' shows what its query finds: {}", printable(row->name), printable(row->query));
  }
}

View::Sealed AlbumsView::seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const {
  const int64_t album = group_for_assets(key).key;
  if (!writer.shows_numbers(album)) return GroupView::seal(writer, file, key, name);
  auto split = split_number(name);
  const bool is_member = split && writer.member_called(Grouping::kAlbum, album, split->label);
  if (!is_member) split = number_meant(name, writer.last_position_in_album(album), {});
  const int64_t asset = file_into_group(writer, *this, file, key, split ? split->label : name);
  if (split) {
    writer.add_to_album_at(asset, album, split->number);
  } else {
    writer.add_to_album(asset, album);
  }
  return {asset, writer.current_version(asset) == file.version && shown_in(writer, album, asset) == name};
}

void AlbumsView::add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const {
  const int64_t album = group_for_assets(key).key;
  const auto split = writer.shows_numbers(album)
                         ? number_meant(name, writer.last_position_in_album(album), writer.label_of(asset))
                         : std::nullopt;
  if (split) {
    writer.add_to_album_at(asset, album, split->number);
  } else {
    writer.add_to_album(asset, album);
  }
}

bool AlbumsView::reorder(Writer& writer, int64_t album, const FoundAsset& asset, std::string_view to) const {
  const std::string label = writer.label_of(asset.row.id);
  const auto split = split_number(to);
  if (!split || nfc(split->label) != label) {
    fail(EPERM, "{} is called so in all of {}/; only its number can be changed here", label, this->name());
  }
  writer.move_in_album(asset.row.id, album, split->number);
  return shown_in(writer, album, asset.row.id) == to;
}

bool AlbumsView::move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
                      std::string_view to, const std::optional<FoundAsset>& over) const {
  for (const int64_t album : {key, to_key}) writer.require_by_hand(group_of(album).key);
  const int64_t album = group_for_assets(to_key).key;
  if (key == to_key && writer.shows_numbers(album)) return reorder(writer, album, asset, to);
  if (key == to_key) return GroupView::move(writer, actor, key, asset, to_key, to, over);
  add(writer, to_key, to, asset.row.id);
  remove(writer, actor, key, asset);
  return shown_in(writer, album, asset.row.id) == to;
}

}  // namespace damfs
