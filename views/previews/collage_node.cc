// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/previews/collage_node.h"

#include <algorithm>
#include <memory>

#include "views/frame/reach.h"

namespace damfs {
namespace {

constexpr unsigned kViewBits = 5;
// A folder of a hundred thousand text files is not searched to its end for a picture.
constexpr int kMaxLooked = 2000;
constexpr size_t kMaxFolders = 64;

// A folder's own pictures alone, or where it has none, those directly in its first sub-folders.
class FolderSearch {
 public:
  FolderSearch(const View& view, Reader& reader) : view_(view), reader_(reader) {}

  CollageNode::Readers readers() const { return readers_; }

  std::vector<Stills::Shown> run(int64_t key) {
    look_in(key);
    if (!found_.empty()) return std::move(found_);
    std::vector<int64_t> folders;
    view_.folders(reader_, key, 0, [&](const GroupRow& row) {
      folders.push_back(row.key);
      return folders.size() < kMaxFolders;
    });
    for (size_t i = 0; i < folders.size() && is_hungry(); ++i) look_in(folders[i]);
    return std::move(found_);
  }

 private:
  bool is_hungry() const { return found_.size() < kMaxCollage && looked_ < kMaxLooked; }

  void look_in(int64_t key) {
    view_.assets(reader_, key, 0, [&](const AssetRow& row) {
      ++looked_;
      if (row.still) {
        found_.push_back({{StillSubject::What::kVersion, row.version}, row.still});
        readers_ = CollageNode::readers_of(row.ownership, readers_);
      }
      return is_hungry();
    });
  }

  const View& view_;
  Reader& reader_;
  std::vector<Stills::Shown> found_;
  CollageNode::Readers readers_ = CollageNode::Readers::kAll;
  int looked_ = 0;
};

}  // namespace

NodeRef CollageNode::find(const TreeContext& context, const View& view, const StillProfile& profile, int64_t key) {
  const auto reader = context.catalog.reader();
  const auto row = view.folder(*reader, key);
  if (!row) return nullptr;
  FolderSearch search(view, *reader);
  auto shown = search.run(key);
  if (shown.empty()) return nullptr;
  const int64_t changed_ns = row->changed_ns != 0 ? row->changed_ns : context.created_ns;
  return std::make_shared<CollageNode>(context, profile, node_id(view.code(), profile.code, key), changed_ns,
                                       std::move(shown), search.readers());
}

NodeRef CollageNode::find(const TreeContext& context, NodeId id) {
  const View* view = context.view(view_of(id));
  const StillProfile* profile = context.stills.profiles().find(id.profile());
  const int64_t key = key_of(id);
  if (view == nullptr || profile == nullptr || node_id(view->code(), profile->code, key) != id) return nullptr;
  // A view's top has key 0; a number with the stored tree's own top in it was never handed out.
  return view->key_of(view->group_of(key)) == key ? find(context, *view, *profile, key) : nullptr;
}

CollageNode::Readers CollageNode::readers_of(const Ownership& ownership, Readers others) {
  constexpr mode_t kAllRead = 0444;
  const auto mode = static_cast<mode_t>(ownership.mode.value_or(kFileMode));
  return (mode & kAllRead) == kAllRead ? others : Readers::kOwner;
}

NodeId CollageNode::node_id(unsigned view, unsigned profile, int64_t key) {
  return NodeId::file(NodeId::FileKind::kCollage, profile, key << kViewBits | view);
}

bool CollageNode::is_shown(const Node& node, const Reach& reach, const Asker& asker, Wanted wanted) {
  const auto* collage = dynamic_cast<const CollageNode*>(&node);
  return collage != nullptr &&
         std::all_of(collage->shown_.begin(), collage->shown_.end(),
                     [&](const Stills::Shown& each) { return reach.shows_subject(each.subject, asker, wanted); });
}

unsigned CollageNode::view_of(NodeId id) { return static_cast<unsigned>(id.file_id() & ((1 << kViewBits) - 1)); }
int64_t CollageNode::key_of(NodeId id) { return id.file_id() >> kViewBits; }

std::string CollageNode::name(const StillProfile& profile) { return "folder" + std::string(profile.extension()); }

std::optional<Attributes> CollageNode::attributes() const {
  const int64_t changed_ns = std::max(changed_ns_, profile_.made_ns);
  return Attributes{.node = id(),
                    .mode = readers_ == Readers::kAll ? kMadeFileMode : kMadeFileMode & ~mode_t{0077},
                    .nlink = 1,
                    .size = static_cast<uint64_t>(still_bytes(profile_, Stills::collage_raster(profile_))),
                    .mtime_ns = changed_ns,
                    .ctime_ns = changed_ns};
}

ContentRef CollageNode::open(const OpenRequest& request) const {
  return context_.stills.open_collage(shown_, profile_, request.reader);
}

std::optional<std::string> CollageNode::xattr(std::string_view name) const {
  if (name == "user.damfs.profile") return profile_.name;
  return std::nullopt;
}

std::vector<std::string> CollageNode::xattr_names() const { return {"user.damfs.profile"}; }

}  // namespace damfs
