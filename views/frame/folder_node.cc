// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/folder_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "views/frame/original_node.h"
#include "views/search/unlisted.h"
#include "views/write/draft_node.h"

namespace damfs {
namespace {

// A cursor says which of the three runs it stands in: sub-folders come first, assets behind them, and then what is
// not catalogued. kBeside stands between an asset and the file beside it.
enum class Run : uint8_t { kFolders = 0, kBeside = 1, kAssets = 2, kDrafts = 3 };
constexpr unsigned kRunBits = 2;
Cursor behind(Run run, int64_t key) { return static_cast<Cursor>(key) << kRunBits | static_cast<Cursor>(run); }

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

// A tag or an album may be called as an asset beside it is: the folder keeps the name.
std::string beside_folder(std::string_view name, int64_t asset) {
  return with_suffix(name, fmt::format("{}{}", kAssetMark, asset));
}

}  // namespace

FolderNode::FolderNode(const TreeContext& context, const View& view, const Lens& lens, int64_t key)
    : Node(NodeId::directory(view.code(), lens.code(), key)),
      context_(context),
      view_(view),
      lens_(lens.code() == 0 && view.beside() != nullptr ? view.beside()->lens() : lens),
      beside_(lens.code() == 0 ? view.beside() : nullptr),
      key_(key),
      held_(view.hold(key)) {}

NodeId FolderNode::folder_id(int64_t key) const { return NodeId::directory(view_.code(), lens_.code(), key); }

std::optional<Attributes> FolderNode::attributes() const {
  const auto reader = context_.catalog.reader();
  const auto row = view_.folder(*reader, key_);
  if (!row) return std::nullopt;
  return folder_attributes(*row);
}

Attributes FolderNode::folder_attributes(const GroupRow& row) const {
  Attributes attributes =
      directory_attributes(folder_id(row.key), row.changed_ns != 0 ? row.changed_ns : context_.created_ns);
  if (row.mtime_ns) attributes.mtime_ns = *row.mtime_ns;
  apply(row.ownership, attributes);
  return attributes;
}

bool FolderNode::may_cache_entries() const {
  const auto reader = context_.catalog.reader();
  return view_.may_cache_names(*reader, key_);
}

NodeId FolderNode::parent() const {
  if (key_ == 0) {
    return lens_.code() == 0 ? NodeId::root() : NodeId::directory(0, lens_.code(), lens_.top_key());
  }
  const auto reader = context_.catalog.reader();
  const auto row = view_.folder(*reader, key_);
  if (!row) return NodeId::root();
  const View::Place above = view_.above(*row);
  return NodeId::directory(above.view, lens_.code(), above.key);
}

class FolderNode::FolderSiblings final : public Siblings {
 public:
  explicit FolderSiblings(const FolderNode& folder, Spelling spelling = Spelling::kExact)
      : folder_(folder), spelling_(spelling) {}
  std::optional<FoundAsset> named(std::string_view name) override {
    const auto reader = folder_.context_.catalog.reader();
    return spelling_ == Spelling::kAny ? folder_.view_.find_asset_of_any_spelling(*reader, folder_.key_, name)
                                       : folder_.view_.find_asset(*reader, folder_.key_, name);
  }
  std::vector<FoundAsset> with_stem(std::string_view stem) override {
    const auto reader = folder_.context_.catalog.reader();
    return folder_.view_.assets_with_stem(*reader, folder_.key_, stem);
  }

 private:
  const FolderNode& folder_;
  const Spelling spelling_;
};

// The names of a folder's sub-folders while it is listed: a few are read at once, when the first asset is met, so that
// not each is a question.
class FolderNode::SubFolders {
 public:
  explicit SubFolders(const FolderNode& folder) : folder_(folder) {}
  bool are_none() { return load().empty(); }
  bool has(const std::string& name) {
    const bool is_known = load().contains(name);
    return is_known || (!are_all_ && folder_.has_sub_folder(name));
  }

 private:
  static constexpr size_t kMostKept = 1024;

  const std::unordered_set<std::string>& load() {
    if (std::exchange(is_loaded_, true)) return names_;
    const auto reader = folder_.context_.catalog.reader();
    folder_.view_.folders(*reader, folder_.key_, 0, [&](const GroupRow& row) {
      are_all_ = names_.size() < kMostKept;
      if (are_all_) names_.insert(row.name);
      return are_all_;
    });
    return names_;
  }

  const FolderNode& folder_;
  std::unordered_set<std::string> names_;
  bool is_loaded_ = false, are_all_ = true;
};

bool FolderNode::has_sub_folder(const std::string& name) const {
  const auto reader = context_.catalog.reader();
  const auto folder = view_.find_folder(*reader, key_, name);
  return folder && folder->name == name;
}

std::string FolderNode::shown_name(std::string_view name, int64_t asset) const {
  FolderSiblings siblings(*this);
  std::string shown = lens_.shown_name(name, asset, siblings);
  return has_sub_folder(shown) ? beside_folder(shown, asset) : shown;
}

std::string FolderNode::shown_name_among(SubFolders& folders, std::string_view name, int64_t asset) const {
  FolderSiblings siblings(*this);
  std::string shown = lens_.shown_name(name, asset, siblings);
  return folders.has(shown) ? beside_folder(shown, asset) : shown;
}

std::vector<std::string> FolderNode::names_in_doubt(std::string_view name, int64_t asset) const {
  FolderSiblings siblings(*this);
  std::vector<std::string> names = lens_.possible_names(name, asset);
  names.push_back(shown_name(name, asset));
  if (beside_ != nullptr) names.push_back(beside_->possible_name(name, asset));
  for (const FoundAsset& dependent : lens_.dependents(name, siblings)) {
    for (std::string& each : lens_.possible_names(dependent.name, dependent.row.id)) names.push_back(std::move(each));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::erase(names, "");
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
  std::optional<FoundAsset> spelled_otherwise;
  const auto is_shown_so = [&](const FoundAsset& found) {
    if (!lens_.attributes(found.row)) return false;
    const std::string name = shown_name(found.name, found.row.id);
    if (name == shown) return true;
    if (!spelled_otherwise && nfc(name) == nfc(shown)) spelled_otherwise = found;
    return false;
  };
  FolderSiblings siblings(*this, spelling());
  for (FoundAsset& source : lens_.sources(shown, siblings)) {
    if (is_shown_so(source)) return std::move(source);
  }
  if (spelled_otherwise) return spelled_otherwise;
  auto numbered = numbered_asset(shown, is_shown_so);
  const bool is_exact = spelling() == Spelling::kExact && view_.group_of(key_).grouping == Grouping::kFolder;
  return numbered || is_exact ? numbered : spelled_otherwise;
}

std::optional<FoundAsset> FolderNode::numbered_asset(std::string_view shown,
                                                     const std::function<bool(const FoundAsset&)>& is_it) const {
  const auto asset = asset_in_name(shown);
  if (!asset) return std::nullopt;
  const auto reader = context_.catalog.reader();
  const auto row = reader->asset(*asset);
  if (!row || row->row.state != AssetState::kLive) return std::nullopt;
  std::optional<FoundAsset> found;
  view_.names_in(*reader, key_, *row, [&](int64_t, std::string_view name) {
    FoundAsset candidate{row->row, std::string(name)};
    if (!found && is_it(candidate)) found = std::move(candidate);
  });
  return found;
}

NodeRef FolderNode::find_beside(std::string_view shown) const {
  if (beside_ == nullptr) return nullptr;
  const auto is_beside = [&](const FoundAsset& asset) { return beside_->name_of(asset.name, asset.row) == shown; };
  FolderSiblings siblings(*this, spelling());
  auto asset = beside_->asset_of(shown, siblings);
  if (!asset || !is_beside(*asset)) asset = numbered_asset(shown, is_beside);
  return asset ? beside_->node(context_, *asset) : nullptr;
}

NodeRef FolderNode::lookup(EntryName name) const {
  const std::string_view shown = name.view();
  if (const auto written = find_written(shown)) return *written;
  if (NodeRef node = find_catalogued(shown)) return node;
  if (NodeRef filed = find_just_filed(shown)) return filed;
  if (NodeRef made = find_beside(shown)) return made;
  if (shown == lens_.folder_file_name()) return lens_.folder_file(context_, view_, key_);
  return find_unlisted(context_, view_, lens_, key_, shown);
}

// What is being written here, or a name that one of these holds, comes before what the catalog says. Empty: neither.
std::optional<NodeRef> FolderNode::find_written(std::string_view shown) const {
  if (lens_.code() != 0 || !context_.drafts.has_any(id())) return std::nullopt;
  if (auto draft = context_.drafts.at(id(), shown)) return std::make_shared<DraftNode>(std::move(draft));
  if (const auto parked = context_.drafts.parked(id(), shown)) return lens_.node(context_, parked->asset);
  if (!context_.drafts.is_parked_away(id(), shown)) return std::nullopt;
  const auto now = shown_asset(shown);
  return now ? lens_.node(context_, *now) : nullptr;
}

// A file spelled exactly so comes before a folder that only is the same in NFC.
NodeRef FolderNode::find_catalogued(std::string_view shown) const {
  const auto folder = shown_folder(shown);
  if (!folder || folder->name != shown) {
    const auto found = find_source(shown);
    if (found && (!folder || shown_name(found->name, found->row.id) == shown)) {
      const bool may_cache = lens_.code() != 0 || !context_.drafts.may_be_written_again(id(), found->name);
      if (may_cache) return lens_.node(context_, *found);
      return std::make_shared<OriginalNode>(context_, *found, OriginalNode::EntryCaching::kForbidden);
    }
  }
  return folder ? std::make_shared<FolderNode>(context_, view_, lens_, folder->key) : nullptr;
}

// What was put in under a name of its own, and is shown under another one now.
NodeRef FolderNode::find_just_filed(std::string_view shown) const {
  const auto asset = lens_.code() == 0 ? context_.drafts.filed_as(id(), shown) : std::nullopt;
  const auto row = asset ? context_.catalog.reader()->asset(*asset) : std::nullopt;
  if (!row || !is_still_here(*row)) return nullptr;
  return std::make_shared<OriginalNode>(context_, *row, OriginalNode::EntryCaching::kForbidden);
}

// What was taken out again at once is gone at once. In inbox/ nothing stays.
bool FolderNode::is_still_here(const FoundAsset& asset) const {
  bool is_here = view_.group_of(key_).grouping == Grouping::kInbox;
  const auto reader = context_.catalog.reader();
  view_.names_in(*reader, key_, asset, [&](int64_t, std::string_view) { is_here = true; });
  return is_here;
}

void FolderNode::list(Cursor after, EntrySink& sink) const {
  const auto at = static_cast<int64_t>(after >> kRunBits);
  const auto run = static_cast<Run>(after & ((1U << kRunBits) - 1));
  if (run != Run::kDrafts) {
    const auto reader = context_.catalog.reader();
    if (run == Run::kFolders && !list_folders(*reader, at, sink)) return;
    const int64_t from = run == Run::kFolders ? 0 : at;
    const bool goes_on = beside_ == nullptr ? list_assets(*reader, from, sink)
                                            : list_with_beside(*reader, from, run == Run::kBeside, sink);
    if (!goes_on) return;
  }
  if (lens_.code() == 0) list_drafts(run == Run::kDrafts ? at : 0, sink);
}

bool FolderNode::list_folders(Reader& reader, int64_t after, EntrySink& sink) const {
  bool room = true;
  view_.folders(reader, key_, after, [&](const GroupRow& row) {
    room = sink.add(row.name, folder_attributes(row), behind(Run::kFolders, row.key));
    return room;
  });
  return room;
}

// `is_given`: the asset at `from` was given, and what stands beside it was not.
bool FolderNode::list_with_beside(Reader& reader, int64_t from, bool is_given, EntrySink& sink) const {
  SubFolders folders(*this);
  bool room = true;
  const auto add = [&](std::string_view name, const Attributes& attributes, Cursor next) {
    return room = sink.add(name, attributes, next);
  };
  view_.assets(reader, key_, is_given ? from - 1 : from, [&](const AssetRow& row) {
    const std::string name(row.name);
    const std::string other = beside_->name_of(name, row);
    const bool has_other = !other.empty() && (folders.are_none() || !folders.has(other));
    if (!is_given || row.cursor != from) {
      const Cursor next = behind(has_other ? Run::kBeside : Run::kAssets, row.cursor);
      if (!add(shown_name_among(folders, name, row.id), beside_->asset_attributes(reader, row), next)) return false;
    }
    return !has_other || add(other, beside_->attributes(reader, row), behind(Run::kAssets, row.cursor));
  });
  return room;
}

bool FolderNode::list_assets(Reader& reader, int64_t after, EntrySink& sink) const {
  const bool is_plain = lens_.code() == 0;
  const bool has_drafts = is_plain && context_.drafts.has_any(id());
  const bool may_cache = view_.may_cache_names(reader, key_);
  SubFolders folders(*this);
  bool room = true;
  view_.assets(reader, key_, after, [&](const AssetRow& row) {
    auto attributes = lens_.attributes(row);
    if (!attributes) return true;
    attributes->is_cacheable = attributes->is_cacheable && may_cache;
    if (has_drafts) {
      // What is being saved over keeps its place in the listing.
      attributes->is_cacheable = may_cache && !context_.drafts.may_be_written_again(id(), row.name);
      if (const auto draft = context_.drafts.at(id(), row.name)) {
        attributes = draft->attributes();
      } else if (context_.drafts.is_parked_version(id(), row.name, row.version)) {
        return true;
      }
    }
    const bool keeps_names = is_plain && folders.are_none();
    return room = keeps_names ? sink.add(row.name, *attributes, behind(Run::kAssets, row.cursor))
                              : sink.add(shown_name_among(folders, row.name, row.id), *attributes,
                                         behind(Run::kAssets, row.cursor));
  });
  return room;
}

void FolderNode::list_drafts(int64_t after, EntrySink& sink) const {
  if (!context_.drafts.has_any(id())) return;
  context_.drafts.list(id(), after, [&](int64_t number, const std::string& name, const Attributes& attributes) {
    if (shown_asset(name)) return true;  // it stood among those
    return sink.add(name, attributes, behind(Run::kDrafts, number));
  });
}

}  // namespace damfs
