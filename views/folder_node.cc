// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/folder_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace damfs {
namespace {

// A cursor says which of the two runs it stands in: sub-folders (even) come first, assets (odd) behind them.
Cursor behind_folder(int64_t key) { return static_cast<Cursor>(key) << 1; }
// "…~asset12" or "…~asset12.ext".
std::optional<int64_t> asset_in_name(std::string_view shown) {
  const size_t mark = shown.rfind(kAssetMark);
  if (mark == shown.npos) return std::nullopt;
  const std::string_view rest = shown.substr(mark + kAssetMark.size());
  int64_t id = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
  const bool whole = end == rest.data() + rest.size() || *end == '.';
  return error == std::errc() && whole ? std::optional(id) : std::nullopt;
}

Cursor behind_asset(int64_t cursor) { return static_cast<Cursor>(cursor) << 1 | 1U; }

}  // namespace

FolderNode::FolderNode(const TreeContext& context, const View& view, const Lens& lens, int64_t key)
    : Node(NodeId::directory(view.code(), lens.code(), key)), context_(context), view_(view), lens_(lens), key_(key) {}

NodeId FolderNode::folder_id(int64_t key) const { return NodeId::directory(view_.code(), lens_.code(), key); }

std::optional<Attributes> FolderNode::attributes() const {
  const auto reader = context_.catalog.reader();
  const auto row = view_.folder(*reader, key_);
  if (!row) return std::nullopt;
  return folder_attributes(*row);
}

Attributes FolderNode::folder_attributes(const GroupRow& row) const {
  return directory_attributes(folder_id(row.key), row.changed_ns != 0 ? row.changed_ns : context_.created_ns);
}

NodeId FolderNode::parent() const {
  if (key_ == 0) {
    return lens_.code() == 0 ? NodeId::root() : NodeId::directory(0, lens_.code(), lens_.top_key());
  }
  const auto reader = context_.catalog.reader();
  const auto row = view_.folder(*reader, key_);
  return row ? folder_id(row->parent) : NodeId::root();
}

class FolderNode::FolderSiblings final : public Siblings {
 public:
  explicit FolderSiblings(const FolderNode& folder) : folder_(folder) {}
  std::optional<FoundAsset> named(std::string_view name) override {
    const auto reader = folder_.context_.catalog.reader();
    return folder_.view_.find_asset(*reader, folder_.key_, name);
  }
  std::vector<FoundAsset> with_stem(std::string_view stem) override {
    const auto reader = folder_.context_.catalog.reader();
    return folder_.view_.assets_with_stem(*reader, folder_.key_, stem);
  }

 private:
  const FolderNode& folder_;
};

std::string FolderNode::shown_name(std::string_view name, int64_t asset) const {
  FolderSiblings siblings(*this);
  std::string shown = lens_.shown_name(name, asset, siblings);
  const auto reader = context_.catalog.reader();
  const auto folder = view_.find_folder(*reader, key_, shown);
  // A tag or an album may be called as an asset beside it is: the folder keeps the name.
  if (folder && folder->name == shown) return with_suffix(shown, fmt::format("{}{}", kAssetMark, asset));
  return shown;
}

std::vector<std::string> FolderNode::names_in_doubt(std::string_view name, int64_t asset) const {
  FolderSiblings siblings(*this);
  std::vector<std::string> names = lens_.possible_names(name, asset);
  names.push_back(shown_name(name, asset));
  for (const FoundAsset& dependent : lens_.dependents(name, siblings)) {
    for (std::string& each : lens_.possible_names(dependent.name, dependent.row.id)) names.push_back(std::move(each));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::optional<FoundAsset> FolderNode::source_of(std::string_view shown) const {
  FolderSiblings siblings(*this);
  for (FoundAsset& source : lens_.sources(shown, siblings)) {
    if (lens_.shown_name(source.name, source.row.id, siblings) == shown) return std::move(source);
  }
  return std::nullopt;
}

std::optional<FoundAsset> FolderNode::find_source(std::string_view shown) const {
  const auto is_shown_so = [&](const FoundAsset& found) {
    return lens_.attributes(found.row) && nfc(shown_name(found.name, found.row.id)) == nfc(shown);
  };
  FolderSiblings siblings(*this);
  for (FoundAsset& source : lens_.sources(shown, siblings)) {
    if (is_shown_so(source)) return std::move(source);
  }
  if (const auto asset = asset_in_name(shown)) {
    const auto reader = context_.catalog.reader();
    const auto row = reader->asset(*asset);
    if (!row) return std::nullopt;
    std::optional<FoundAsset> found;
    view_.names(*reader, *row, [&](int64_t key, std::string_view name) {
      FoundAsset candidate{row->row, std::string(name)};
      if (key == key_ && !found && is_shown_so(candidate)) found = std::move(candidate);
    });
    return found;
  }
  return std::nullopt;
}

NodeRef FolderNode::lookup(EntryName name) const {
  const auto folder = [&] {
    const auto reader = context_.catalog.reader();
    return view_.find_folder(*reader, key_, name.view());
  }();
  // A file spelled exactly so comes before a folder that only is the same in NFC.
  if (!folder || folder->name != name.view()) {
    const auto found = find_source(name.view());
    if (found && (!folder || shown_name(found->name, found->row.id) == name.view()))
      return lens_.node(context_, *found);
  }
  if (folder) return std::make_shared<FolderNode>(context_, view_, lens_, folder->key);
  return name.view() == lens_.folder_file_name() ? lens_.folder_file(context_, view_, key_) : nullptr;
}

void FolderNode::list(Cursor after, EntrySink& sink) const {
  const auto reader = context_.catalog.reader();
  const auto at = static_cast<int64_t>(after >> 1);
  const bool in_assets = (after & 1U) != 0;
  if (!in_assets && !list_folders(*reader, at, sink)) return;
  list_assets(*reader, in_assets ? at : 0, sink);
}

bool FolderNode::list_folders(Reader& reader, int64_t after, EntrySink& sink) const {
  bool room = true;
  view_.folders(reader, key_, after, [&](const GroupRow& row) {
    room = sink.add(row.name, folder_attributes(row), behind_folder(row.key));
    return room;
  });
  return room;
}

void FolderNode::list_assets(Reader& reader, int64_t after, EntrySink& sink) const {
  bool plain = lens_.code() == 0;
  if (plain) {
    view_.folders(reader, key_, 0, [&](const GroupRow&) { return plain = false; });
  }
  view_.assets(reader, key_, after, [&](const AssetRow& row) {
    const auto attributes = lens_.attributes(row);
    if (!attributes) return true;
    if (plain) return sink.add(row.name, *attributes, behind_asset(row.cursor));
    return sink.add(shown_name(row.name, row.id), *attributes, behind_asset(row.cursor));
  });
}

}  // namespace damfs
